import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { type ErrorCode, GroveError } from '../../domain/errors.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import type { JobRecord, NewTask } from '../store/task-store.ts';
import { createFollowFleet } from './follow-fleet.ts';

/** Two jobs that follow the fleet; `refuse` says with what the first cannot grow, as long as it is set. */
function followWith(refuse: { code: ErrorCode | undefined }) {
  const fleet = { agents: [agentOf('a', [deviceOf('a/cpu0')])] };
  const grown: string[] = [];
  const errors: unknown[] = [];
  const jobs = ['j-1', 'j-2'].map((jobId) => ({ jobId }) as JobRecord);
  const look = createFollowFleet({
    store: {
      followingJobs: async () => jobs,
      tasksOf: async () => [],
      agents: async () => fleet.agents,
      addTasks: async ({ jobId }) => void grown.push(jobId),
    },
    clock: new VirtualClock(),
    grow: async ({ job }) => {
      const problem = { problem: 'the test says so' };
      if (job.jobId === 'j-1' && refuse.code !== undefined) throw new GroveError(refuse.code as 'invalid-request', problem);
      return [{ taskId: `${job.jobId}-f` } as NewTask];
    },
    onGrown: () => {},
    onError: (_jobId, error) => errors.push(error),
  });
  return { look, fleet, grown, errors };
}

describe('jobs that follow the fleet', () => {
  it('are looked at again only when devices have changed', async () => {
    const { look, fleet, grown } = followWith({ code: undefined });
    await look();
    await look();
    expect(grown).toEqual(['j-1', 'j-2']);
    fleet.agents = [...fleet.agents, agentOf('b', [deviceOf('b/cpu0')])];
    await look();
    expect(grown).toHaveLength(4);
  });

  it('do not keep each other from growing', async () => {
    const { look, grown, errors } = followWith({ code: 'invalid-request' });
    await look();
    expect([grown, errors.length]).toEqual([['j-2'], 1]);
  });

  it('are looked at again after what may pass', async () => {
    const refuse: { code: ErrorCode | undefined } = { code: 'store-unavailable' };
    const { look, grown } = followWith(refuse);
    await expect(look()).rejects.toMatchObject({ code: 'store-unavailable' });
    refuse.code = undefined;
    await look();
    expect(grown).toEqual(['j-1', 'j-2']);
  });
});
