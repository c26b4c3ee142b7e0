import { setTimeout } from 'node:timers/promises';
import type { GroveClient } from '../../api/client.ts';
import { GroveError } from '../../domain/errors.ts';

/** A machine's probe takes well under a second; one that takes this long will not come. */
const LIMIT_MS = 30_000;
const POLL_MS = 50;

/** Resolves when the farm has an agent that takes work. Throws `unsatisfiable` with the agent's own reason when none comes. */
export async function untilAgentIsReady(client: GroveClient, interrupted: AbortSignal): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const { agents } = await client.agents();
    if (agents.some(({ state }) => state === 'idle')) return;
    if (performance.now() > deadline) {
      const why = agents.map(({ agentId, state, why: reason }) => `${agentId} is ${state} (${reason})`).join('; ');
      throw new GroveError('unsatisfiable', { what: 'the demo', why: why || 'no agent connected' });
    }
    await setTimeout(POLL_MS, undefined, { signal: interrupted });
  }
}
