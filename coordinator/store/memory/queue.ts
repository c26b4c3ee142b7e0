import type { Priority, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { Requirement } from '../../../domain/requirement.ts';
import { compareInLane, LOOKED_AT_PER_LINE, type Place, PRIORITIES, PRIORITY_CLASS } from '../order.ts';
import { createHeap, type Heap } from './heap.ts';

/** A pending task in its lane. Compared by identity: a task that left and came back has another entry, and the old one is dropped when met. */
export interface Entry extends Place {
  readonly taskId: TaskId;
}

/** A submitter's entries of a lane. */
interface Line {
  readonly heap: Heap<Entry>;
  live: number;
}

/** Pending tasks of one priority within a queue, and the lane's fair-share clock. */
export interface Lane {
  readonly heap: Heap<Entry>;
  /** The same entries by submitter: for when the first ones are held back by a quota, or avoid the host that asks. */
  readonly lines: Map<string, Line>;
  /** Entries of the heap that are still pending. */
  live: number;
  virtualTime: number;
  /** Submitter -> virtual finish time of its last entry. */
  readonly finishes: Map<string, number>;
}

/** Pending tasks that need the same of a device. */
export interface Queue {
  readonly requirementDigest: string;
  readonly requirement: Requirement;
  readonly pending: Map<TaskId, Entry>;
  /** The same entries, the one enqueued first on top. */
  readonly byAge: Heap<Entry>;
  readonly lanes: Readonly<Record<Priority, Lane>>;
}

/** Cost of one task in virtual time, divided by its submitter's weight. */
const TASK_COST = 1;

/** A heap is rebuilt when it holds this many more dead entries than live ones. */
const COMPACT_SLACK = 64;

export function createQueue(requirementDigest: string, requirement: Requirement): Queue {
  const lanes = { urgent: createLane(), interactive: createLane(), sweep: createLane() };
  return { requirementDigest, requirement, pending: new Map(), byAge: createHeap<Entry>((a, b) => a.sequence - b.sequence), lanes };
}

function createLane(): Lane {
  return { heap: createHeap<Entry>(compareInLane), lines: new Map(), live: 0, virtualTime: 0, finishes: new Map() };
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
  const lane = queue.lanes[entry.priority];
  queue.pending.set(entry.taskId, entry);
  queue.byAge.push(entry);
  lane.heap.push(entry);
  lane.live += 1;
  const line = lane.lines.get(entry.submitter) ?? { heap: createHeap<Entry>(compareInLane), live: 0 };
  lane.lines.set(entry.submitter, line);
  line.heap.push(entry);
  line.live += 1;
}

/** Takes a task out, for a lease (`served`) or because it ended. The lane's clock moves only when it was served. */
export function dequeue(queue: Queue, entry: Entry, served: boolean): void {
  const lane = queue.lanes[entry.priority];
  queue.pending.delete(entry.taskId);
  lane.live -= 1;
  if (served) lane.virtualTime = Math.max(lane.virtualTime, entry.virtualFinish);
  if (lane.live === 0) lane.finishes.clear();
  compact(queue, lane.heap, lane.live);
  leaveLine(queue, lane, entry.submitter);
  compact(queue, queue.byAge, queue.pending.size);
}

function leaveLine(queue: Queue, { lines }: Lane, submitter: string): void {
  const line = lines.get(submitter);
  if (line === undefined) return;
  line.live -= 1;
  if (line.live === 0) lines.delete(submitter);
  else compact(queue, line.heap, line.live);
}

function compact(queue: Queue, heap: Heap<Entry>, live: number): void {
  if (heap.size > live * 2 + COMPACT_SLACK) heap.retain((item) => queue.pending.get(item.taskId) === item);
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
    const entry = firstLive(queue, lane.heap);
    if (entry === undefined) continue;
    const admitted = admits.submitter(entry.submitter) && admits.task(entry.taskId) ? entry : firstAdmitted(queue, lane, admits);
    if (admitted !== undefined) yield admitted;
  }
}

function firstAdmitted(queue: Queue, { lines }: Lane, admits: Admission): Entry | undefined {
  let first: Entry | undefined;
  for (const [submitter, { heap }] of lines) {
    const head = admits.submitter(submitter) ? firstInLine(queue, heap, admits) : undefined;
    if (head !== undefined && (first === undefined || compareInLane(head, first) < 0)) first = head;
  }
  return first;
}

function firstInLine(queue: Queue, heap: Heap<Entry>, admits: Admission): Entry | undefined {
  const passedOver: Entry[] = [];
  let found: Entry | undefined;
  while (found === undefined && passedOver.length < LOOKED_AT_PER_LINE) {
    const top = firstLive(queue, heap);
    if (top === undefined) break;
    if (admits.task(top.taskId)) found = top;
    else passedOver.push(top) && heap.pop();
  }
  for (const entry of passedOver) heap.push(entry);
  return found;
}

/** The entry that has been waiting longest. */
export function oldest(queue: Queue): Entry | undefined {
  return firstLive(queue, queue.byAge);
}

function firstLive(queue: Queue, heap: Heap<Entry>): Entry | undefined {
  for (;;) {
    const top = heap.peek();
    if (top === undefined || queue.pending.get(top.taskId) === top) return top;
    heap.pop();
  }
}

/** Place of an entry within its whole queue without aging, 1 = next. Linear in the queue: a question a person asks, never part of a command. */
export function positionOf(queue: Queue, entry: Entry): number {
  let before = 0;
  for (const other of queue.pending.values()) {
    const order = PRIORITY_CLASS[other.priority] - PRIORITY_CLASS[entry.priority] || compareInLane(other, entry);
    if (order < 0) before += 1;
  }
  return before + 1;
}
