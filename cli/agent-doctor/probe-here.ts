import type { AgentConfig } from '../../agent/config.ts';
import type { thisMachine } from '../../agent/device/machine.ts';
import { type Probe, probeMachine } from '../../agent/device/probe.ts';
import { asJson } from '../../agent/runner/as-json.ts';
import { trialResultSchema } from '../../engine/runtime/trial.ts';
import { openLocalChildren } from '../bench/children.ts';
import type { CommandContext } from '../context.ts';

/** Longest a provider may take to load and run three nodes. */
const TRIAL_MS = 120_000;

/** Looks at this machine as its agent would, and tries its execution providers, each in a process of its own. */
export async function probeHere(config: AgentConfig, machine: ReturnType<typeof thisMachine>, context: CommandContext): Promise<Probe> {
  // What a driver prints while it fails to load is in the reason already.
  const quiet = { ...context, terminal: { ...context.terminal, error: () => {} } };
  const children = await openLocalChildren(quiet);
  try {
    return await probeMachine(config, {
      machine,
      tryProvider: (request) =>
        children.run({ stage: 'ep-trial', request: asJson(request), result: trialResultSchema, timeoutMs: TRIAL_MS }),
    });
  } finally {
    await children.close();
  }
}
