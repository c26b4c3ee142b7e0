import { GroveError } from '../../domain/errors.ts';
import type { JobId } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import { SYSTEM_PRINCIPAL } from '../../domain/principal.ts';
import type { AgentRecord, JobRecord, NewTask, TaskRecord, TaskStore } from '../store/task-store.ts';

export interface FollowFleetDeps {
  readonly store: Pick<TaskStore, 'followingJobs' | 'tasksOf' | 'agents' | 'addTasks'>;
  readonly clock: Clock;
  /** Tasks that the job has not yet on this fleet: `expand/`. */
  grow(input: {
    readonly job: JobRecord;
    readonly tasks: readonly TaskRecord[];
    readonly agents: readonly AgentRecord[];
  }): Promise<readonly NewTask[]>;
  /** Tasks were added: conversions may have to be linked. */
  onGrown(jobId: JobId, tasks: number): void;
  onError(jobId: JobId, error: unknown): void;
}

/**
 * Adds to jobs that follow the fleet what it has become since. Which jobs those are and what they lack follows from the store: it may happen on
 * several coordinators, and again after a crash. A job is looked at again only when devices have changed. Returns the look.
 */
export function createFollowFleet(deps: FollowFleetDeps): () => Promise<void> {
  /** Job -> the fleet it was last grown on. */
  let grown = new Map<JobId, string>();
  return async () => {
    const jobs = await deps.store.followingJobs(deps.clock.now());
    if (jobs.length === 0) return;
    const agents = await deps.store.agents();
    const fleet = fleetText(agents);
    const now = new Map<JobId, string>();
    for (const job of jobs) {
      if (grown.get(job.jobId) !== fleet) await growJob(deps, job, agents);
      now.set(job.jobId, fleet);
    }
    grown = now;
  };
}

/** A job that cannot grow keeps no other from it. Errors that may pass are thrown, so that the look is repeated. */
async function growJob(deps: FollowFleetDeps, job: JobRecord, agents: readonly AgentRecord[]): Promise<void> {
  const { jobId } = job;
  const tasks = await deps.store.tasksOf(jobId);
  const added = await deps.grow({ job, tasks, agents }).catch((error: unknown) => {
    if (!(error instanceof GroveError) || error.spec.retryable) throw error;
    deps.onError(jobId, error);
    return [];
  });
  if (added.length === 0) return;
  await deps.store.addTasks({ now: deps.clock.now(), principal: SYSTEM_PRINCIPAL, jobId, tasks: added, links: [] });
  deps.onGrown(jobId, added.length);
}

/** What decides where tasks can go. */
function fleetText(agents: readonly AgentRecord[]): string {
  return agents
    .flatMap(({ devices, profileDigests }) => devices.map(({ name }) => `${name} ${profileDigests[name] ?? ''}`))
    .sort()
    .join('\n');
}
