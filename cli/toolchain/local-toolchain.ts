import { loadAgentConfig } from '../../agent/config.ts';
import { placeOf } from '../../agent/toolchains/place.ts';
import { Toolchains } from '../../agent/toolchains/toolchain-store.ts';
import type { ToolchainName } from '../../domain/toolchains.ts';
import type { ToolchainPlace } from '../../engine/toolchain/openvino-worker.ts';
import type { CommandContext } from '../context.ts';

/** The toolchain of that name that the agent on this machine would offer; undefined when none is installed. Throws `invalid-config`. */
export async function localToolchain(name: ToolchainName, env: CommandContext['env']): Promise<ToolchainPlace | undefined> {
  const { dataFolder, childEnv } = await loadAgentConfig({}, env);
  const found = await new Toolchains(dataFolder).named(name);
  return found === undefined ? undefined : placeOf(found, childEnv);
}
