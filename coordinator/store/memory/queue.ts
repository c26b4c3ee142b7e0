import type { Priority, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { Requirement } from '../../../domain/requirement.ts';
import { compareInLane, type Place, PRIORITIES, PRIORITY_CLASS } from '../order.ts';
import { createHeap, type Heap } from './heap.ts';

/** A pending task in its lane. Compared by identity: a task that left and came back has another entry, and the old one is dropped when met. */
export interface Entry extends Place {
  readonly taskId: TaskId;
}

/** Pending tasks of one priority within a queue, and the lane's fair-share clock. */
export interface Lane {
  readonly heap: Heap<Entry>;
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

/** Cost of one task in virtual time. All submitters weigh the same; a weight would divide it. */
const TASK_COST = 1;

/** A heap is rebuilt when it holds this many more dead entries than live ones. */
const COMPACT_SLACK = 64;

export function createQueue(requirementDigest: string, requirement: Requirement): Queue {
  const lanes = { urgent: createLane(), interactive: createLane(), sweep: createLane() };
  return { requirementDigest, requirement, pending: new Map(), byAge: createHeap<Entry>((a, b) => a.sequence - b.sequence), lanes };
}

function createLane(): Lane {
  return { heap: createHeap<Entry>(compareInLane), live: 0, virtualTime: 0, finishes: new Map() };
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
}

/** Adds a task and gives it its place. */
export function enqueue(queue: Queue, arrival: Arrival): Entry {
  const { returning, ...rest } = arrival;
  const lane = queue.lanes[arrival.priority];
  const entry: Entry = { ...rest, virtualFinish: returning ? lane.virtualTime : nextFinish(lane, arrival.submitter) };
  restore(queue, entry);
  return entry;
}

function nextFinish(lane: Lane, submitter: string): number {
  const finish = Math.max(lane.virtualTime, lane.finishes.get(submitter) ?? 0) + TASK_COST;
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
}

/** Takes a task out, for a lease (`served`) or because it ended. The lane's clock moves only when it was served. */
export function dequeue(queue: Queue, entry: Entry, served: boolean): void {
  const lane = queue.lanes[entry.priority];
  queue.pending.delete(entry.taskId);
  lane.live -= 1;
  if (served) lane.virtualTime = Math.max(lane.virtualTime, entry.virtualFinish);
  if (lane.live === 0) lane.finishes.clear();
  compact(queue, lane.heap, lane.live);
  compact(queue, queue.byAge, queue.pending.size);
}

function compact(queue: Queue, heap: Heap<Entry>, live: number): void {
  if (heap.size > live * 2 + COMPACT_SLACK) heap.retain((item) => queue.pending.get(item.taskId) === item);
}

/** The first entry of each lane that has one. */
export function* heads(queue: Queue): Generator<Entry> {
  for (const priority of PRIORITIES) {
    const entry = firstLive(queue, queue.lanes[priority].heap);
    if (entry !== undefined) yield entry;
  }
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
