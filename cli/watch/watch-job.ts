import { setTimeout } from 'node:timers/promises';
import type { GroveClient } from '../../api/client.ts';
import type { FarmEvent } from '../../api/events.ts';
import type { JobView } from '../../api/jobs.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts';
import { createJobDisplay, isLarge } from './job-display.ts';

/** Endings looked at of a job with many tasks. */
const BAD_TASKS = 1_000;

/** The job is read again this often even when no event says so: an event that fell between two connections must not leave the display hanging. */
const REFRESH_MS = 2_000;

/**
 * Follows a job until it ends or the user interrupts, and returns the exit code its end deserves. Interrupting leaves the job running.
 */
export async function watchJob(client: GroveClient, jobId: string, { terminal, interrupted }: CommandContext): Promise<ExitCode> {
  const display = createJobDisplay(terminal);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, interrupted]);
  const events = client.events({ jobId, signal })[Symbol.asyncIterator]();
  try {
    let next = events.next();
    let job = await client.job(jobId);
    display.update(job);
    while (job.state === 'running' && !signal.aborted) {
      const event = await eventOrRefresh(next);
      if (event !== 'refresh') next = events.next();
      job = await updated(client, job, event === 'refresh' || event.done === true ? undefined : event.value);
      display.update(job);
    }
    if (job.state !== 'running') return exitCodeOfJob(isLarge(job) ? await withBadTasks(client, job) : job);
    terminal.error(
      `Stopped watching; the job goes on. Follow it with \`grove job watch ${jobId}\`, end it with \`grove job cancel ${jobId}\`.`,
    );
    return EXIT.interrupted;
  } finally {
    stop.abort();
    display.close();
  }
}

/** The next event, or `refresh` when none comes in time. The timer ends with the race: one per event would pile up. */
async function eventOrRefresh<T>(next: Promise<T>): Promise<T | 'refresh'> {
  const over = new AbortController();
  try {
    return await Promise.race([next, setTimeout(REFRESH_MS, 'refresh' as const, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}

async function updated(client: GroveClient, job: JobView, event: FarmEvent | undefined): Promise<JobView> {
  if (event === undefined) return readJob(client, job);
  // Of many tasks only the counts are shown, and a job's events bring them along.
  if (isLarge(job)) return event.type === 'job' ? { ...job, state: event.state, counts: event.counts } : job;
  if (!concerns(event, job)) return job;
  return event.type === 'progress' ? withProgress(job, event) : readJob(client, job);
}

/** A task is enough of a job that is shown by its counts. */
function readJob(client: GroveClient, job: JobView): Promise<JobView> {
  return client.job(job.jobId, isLarge(job) ? { limit: 1 } : {});
}

/** The tasks that decide the exit code. */
async function withBadTasks(client: GroveClient, job: JobView): Promise<JobView> {
  const { tasks } = await client.job(job.jobId, { limit: BAD_TASKS, states: ['exception', 'failed'] });
  return { ...job, tasks };
}

function concerns(event: FarmEvent, job: JobView): boolean {
  if (event.type === 'job') return event.jobId === job.jobId;
  if (event.type === 'task') return event.jobIds.includes(job.jobId);
  if (event.type === 'progress') return job.tasks.some((task) => task.taskId === event.taskId);
  return event.type === 'reset';
}

function withProgress(job: JobView, event: Extract<FarmEvent, { type: 'progress' }>): JobView {
  const { attempt, stage, fraction, note } = event;
  return {
    ...job,
    tasks: job.tasks.map((task) => (task.taskId === event.taskId ? { ...task, progress: { attempt, stage, fraction, note } } : task)),
  };
}

/** Infrastructure's fault outweighs the recipe's, which outweighs a cancellation. */
export function exitCodeOfJob(job: Pick<JobView, 'state' | 'tasks'>): ExitCode {
  const codes = job.tasks.flatMap((task) => (task.error === null || task.state === 'completed' ? [] : [exitCodeOf(task.error)]));
  if (job.state === 'completed') return EXIT.ok;
  if (job.state === 'cancelled') return EXIT.error;
  return [EXIT.infrastructure, EXIT.recipeFailed].find((code) => codes.includes(code)) ?? EXIT.error;
}
