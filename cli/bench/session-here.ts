import { resolve } from 'node:path';
import { completeAgentConfig, loadAgentConfig } from '../../agent/config.ts';
import { emulatorHere } from '../../agent/device/emulator.ts';
import { thisMachine } from '../../agent/device/machine.ts';
import { machineEp, packageOf } from '../../agent/eps/ep-machine.ts';
import { EpPackages } from '../../agent/eps/package-store.ts';
import { asJson } from '../../agent/runner/as-json.ts';
import { GroveError } from '../../domain/errors.ts';
import { type SessionSpec, sessionSpecSchema } from '../../engine/benchmark/session-spec.ts';
import { EXECUTION_PROVIDERS, isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { CommandContext } from '../context.ts';

/** How a model is to be run on this machine. */
export interface SessionChoice {
  readonly modelPath: string;
  readonly ep: string;
  readonly device?: 'cpu' | 'gpu' | 'npu';
  /** Package of the provider, `qnn@2.7.0`; the one of the highest version unless named. */
  readonly epPackage?: string;
  readonly epOptions?: Readonly<Record<string, string>>;
  /** Another ONNX Runtime library. */
  readonly ort?: string;
  readonly threads?: number;
}

/** The name of what stands in for silicon in a session here; null on silicon. */
export function emulatorOfSession({ ep, deviceClass }: SessionSpec, { env }: Pick<CommandContext, 'env'>): Promise<string | null> {
  const { childEnv } = completeAgentConfig({}, { env, token: null });
  return emulatorHere({ ep, ...(deviceClass !== undefined && { deviceClass }) }, thisMachine(), childEnv);
}

/**
 * The session as the agent of this machine would open it, with its packages; what the choice names wins. Throws `ep-unavailable` for a provider that
 * nobody knows and `invalid-argument` for a package that is not installed.
 */
export async function sessionHere(choice: SessionChoice, { env }: Pick<CommandContext, 'env'>): Promise<SessionSpec> {
  const { modelPath, ep, device, epPackage, epOptions, ort, threads } = choice;
  if (!isExecutionProvider(ep))
    throw new GroveError('ep-unavailable', { ep, why: `no such execution provider is known: ${EXECUTION_PROVIDERS.join(', ')}` });
  const config = await loadAgentConfig({}, env);
  const packages = await new EpPackages(config.dataFolder).list();
  if (epPackage !== undefined && packageOf(ep, epPackage, packages) === undefined)
    throw new GroveError('invalid-argument', { problem: `no package ${epPackage} of ${ep} is installed (\`grove ep list\`)` });
  const own = {
    ...config.eps[ep],
    ...(epPackage !== undefined && { package: epPackage }),
    ...(ort !== undefined && { ort: resolve(ort) }),
  };
  const machine = machineEp(ep, { ...config, eps: { ...config.eps, [ep]: own } }, packages);
  return sessionSpecSchema.parse({
    modelPath,
    ep,
    epOptions: { ...machine.defaults, ...machine.options, ...epOptions },
    settings: threads === undefined ? {} : { intraOpThreads: threads },
    ...(device !== undefined && { deviceClass: device }),
    runtime: asJson(machine.runtime),
  });
}
