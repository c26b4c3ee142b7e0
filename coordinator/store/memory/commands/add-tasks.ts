import { GroveError } from '../../../../domain/errors.ts';
import { isEnd } from '../../../../domain/task-state.ts';
import type { AddTasksCommand } from '../../task-store.ts';
import { watchJob } from '../deadlines.ts';
import { addTasksToJob, checkNeeds, checkNewTasks } from '../new-tasks.ts';
import { putTask, type State, type StoredJob, taskOf } from '../state.ts';
import { awaitNeeds, settleWaiting } from '../tasks.ts';

type Link = AddTasksCommand['links'][number];

/** Adds tasks to a job and gives waiting ones further needs. A cancelled job takes nothing more. */
export function addTasks(state: State, command: AddTasksCommand): void {
  const { jobId, tasks, now } = command;
  const job = state.jobs.get(jobId);
  if (job === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
  checkNewTasks(state, tasks);
  const fresh = new Map(tasks.map((task) => [task.taskId, task]));
  for (const link of command.links) {
    checkLink(state, job, link);
    checkNeeds(state, link, fresh);
  }
  if (job.cancelledBy !== null) return;
  addTasksToJob(state, command);
  for (const link of command.links) applyLink(state, link);
  for (const { taskId } of command.links) settleWaiting(state, taskId, now);
  watchJob(state, jobId);
}

/** A link of a task that has gone on is a repeat, when the task knows its needs; anything else is a mistake. */
function checkLink(state: State, job: StoredJob, { taskId, needs }: Link): void {
  const task = state.tasks.get(taskId);
  if (task === undefined || !job.record.taskIds.includes(taskId)) throw new GroveError('not-found', { kind: 'task', id: taskId });
  const { record } = task;
  const repeated = needs.every((need) => record.needs.includes(need));
  if (record.state !== 'waiting' && !isEnd(record.state) && !repeated) {
    throw new GroveError('illegal-transition', { taskId, from: record.state, to: 'waiting' });
  }
}

function applyLink(state: State, { taskId, needs, spec }: Link): void {
  const task = taskOf(state, taskId);
  if (task.record.state !== 'waiting') return;
  const further = needs.filter((need) => !task.record.needs.includes(need));
  if (further.length === 0) return;
  awaitNeeds(state, putTask(state, { ...task, record: { ...task.record, spec, needs: [...task.record.needs, ...further] } }));
}
