import type { Priority, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { Requirement } from '../../../domain/requirement.ts';
import { compareInLane, LOOKED_AT_PER_LINE, type Place, PRIORITIES, PRIORITY_CLASS } from '../order.ts';
import { SortedList } from './sorted-list.ts';

/** A pending task in its lane. */
export interface Entry extends Place {
  readonly taskId: TaskId;
}

/** Pending tasks of one priority within a queue, and the lane's fair-share clock. */
export interface Lane {
  readonly entries: SortedList<Entry>;
  /** The same entries by submitter: for when the first ones are held back by a quota, or avoid the host that asks. */
  readonly lines: Map<string, SortedList<Entry>>;
  virtualTime: number;
  /** Submitter -> virtual finish time of its last entry. */
  readonly finishes: Map<string, number>;
}

/** Pending tasks that need the same of a device. */
export interface Queue {
  readonly requirementDigest: string;
  readonly requirement: Requirement;
  readonly pending: Map<TaskId, Entry>;
  /** The same entries, the one enqueued first at the front. */
  readonly byAge: SortedList<Entry>;
  readonly lanes: Readonly<Record<Priority, Lane>>;
}

/** Cost of one task in virtual time, divided by its submitter's weight. */
const TASK_COST = 1;

export function createQueue(requirementDigest: string, requirement: Requirement): Queue {
  const lanes = { urgent: createLane(), interactive: createLane(), sweep: createLane() };
  return { requirementDigest, requirement, pending: new Map(), byAge: new SortedList<Entry>((a, b) => a.sequence - b.sequence), lanes };
}

function createLane(): Lane {
  return { entries: new SortedList<Entry>(compareInLane), lines: new Map(), virtualTime: 0, finishes: new Map() };
}

/** What a task brings when it becomes pending. */
export interface Arrival {
  readonly taskId: TaskId;
  readonly priority: Priority;
  readonly submitter: string;
  readonly sequence: number;
  readonly enqueuedAt: EpochMs;
  /** It was pending before: it has paid for its place and goes to the front of its lane. */
  readonly returning: boolean;
  /** Of its submitter. */
  readonly weight: number;
}

/** Adds a task and gives it its place. */
export function enqueue(queue: Queue, arrival: Arrival): Entry {
  const { returning, weight, ...rest } = arrival;
  const lane = queue.lanes[arrival.priority];
  const entry: Entry = { ...rest, virtualFinish: returning ? lane.virtualTime : nextFinish(lane, arrival.submitter, weight) };
  restore(queue, entry);
  return entry;
}

function nextFinish(lane: Lane, submitter: string, weight: number): number {
  const finish = Math.max(lane.virtualTime, lane.finishes.get(submitter) ?? 0) + TASK_COST / weight;
  lane.finishes.set(submitter, finish);
  return finish;
}

/** Puts an entry back as it was: after a restart, or into another lane. */
export function restore(queue: Queue, entry: Entry): void {
  const { entries, lines } = queue.lanes[entry.priority];
  const line = lines.get(entry.submitter) ?? new SortedList<Entry>(compareInLane);
  lines.set(entry.submitter, line);
  queue.pending.set(entry.taskId, entry);
  for (const list of [queue.byAge, entries, line]) list.add(entry);
}

/** Takes a task out, for a lease (`served`) or because it ended. The lane's clock moves only when it was served. */
export function dequeue(queue: Queue, entry: Entry, served: boolean): void {
  const lane = queue.lanes[entry.priority];
  const line = lane.lines.get(entry.submitter);
  queue.pending.delete(entry.taskId);
  for (const list of [queue.byAge, lane.entries, line]) list?.remove(entry);
  if (line?.size === 0) lane.lines.delete(entry.submitter);
  if (served) lane.virtualTime = Math.max(lane.virtualTime, entry.virtualFinish);
  if (lane.entries.size === 0) lane.finishes.clear();
}

/** What may go now, for the host that asks. */
export interface Admission {
  submitter(name: string): boolean;
  task(taskId: TaskId): boolean;
}

/**
 * The first entry of each lane that is admitted with its submitter. Looks at one entry, or, when that one is not admitted, at the first few of each
 * submitter.
 */
export function* heads(queue: Queue, admits: Admission): Generator<Entry> {
  for (const priority of PRIORITIES) {
    const lane = queue.lanes[priority];
    const entry = lane.entries.first();
    if (entry === undefined) continue;
    const admitted = admits.submitter(entry.submitter) && admits.task(entry.taskId) ? entry : firstAdmitted(lane, admits);
    if (admitted !== undefined) yield admitted;
  }
}

function firstAdmitted({ lines }: Lane, admits: Admission): Entry | undefined {
  let first: Entry | undefined;
  for (const [submitter, line] of lines) {
    const head = admits.submitter(submitter) ? firstInLine(line, admits) : undefined;
    if (head !== undefined && (first === undefined || compareInLane(head, first) < 0)) first = head;
  }
  return first;
}

function firstInLine(line: SortedList<Entry>, admits: Admission): Entry | undefined {
  let lookedAt = 0;
  for (const entry of line) {
    if (admits.task(entry.taskId)) return entry;
    lookedAt += 1;
    if (lookedAt === LOOKED_AT_PER_LINE) return undefined;
  }
  return undefined;
}

/** The entry that has been waiting longest. */
export function oldest(queue: Queue): Entry | undefined {
  return queue.byAge.first();
}

/** Place of an entry within its whole queue without aging, 1 = next. */
export function positionOf({ lanes }: Queue, entry: Entry): number {
  const higher = PRIORITIES.filter((priority) => PRIORITY_CLASS[priority] < PRIORITY_CLASS[entry.priority]);
  return higher.reduce((sum, priority) => sum + lanes[priority].entries.size, lanes[entry.priority].entries.rank(entry)) + 1;
}
