import { GroveError } from '../../domain/errors.ts';
import type { ToolchainPlace } from '../../engine/toolchain/openvino-worker.ts';
import { environmentPython } from '../../platform/python.ts';
import type { Toolchain } from './toolchain.ts';
import { Toolchains } from './toolchain-store.ts';

/** Where an installed toolchain is, with the complete environment of its processes. */
export function placeOf({ id, environment }: Toolchain, env: Readonly<Record<string, string>>): ToolchainPlace {
  return { id, python: environmentPython(environment), env: { ...env } };
}

/** The toolchain that a task names by its id. Throws `toolchain-failed` when it has been removed since the agent offered it. */
export async function findToolchain(id: string, dataFolder: string): Promise<Toolchain> {
  const found = await new Toolchains(dataFolder).read(id);
  if (found !== undefined) return found;
  throw new GroveError('toolchain-failed', { toolchain: id, problem: 'it is not installed on this machine any more; restart the agent' });
}
