import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { CellCuration } from '../../../domain/curation.ts';
import type { TaskId } from '../../../domain/names.ts';
import type { SchedulingPolicy } from '../../../domain/policy.ts';
import type { Requirement } from '../../../domain/requirement.ts';
import type { PRIORITIES } from '../order.ts';
import type { StoreEvent } from '../task-store.ts';
import { encodeFrame, isObject } from './frame.ts';
import { SCHEMA_VERSION } from './journal-files.ts';
import type { Lane, Queue } from './queue.ts';
import type { Counters, State, StoredAgent, StoredHost, StoredJob, StoredSubmit, StoredTask } from './state.ts';

/** Records encoded before other work gets a turn. */
const RECORDS_PER_TURN = 500;

interface StoredLane {
  readonly virtualTime: number;
  readonly finishes: Readonly<Record<string, number>>;
}

/** A queue without its entries, which its tasks hold; their order is that of `pending`. */
export interface StoredQueue {
  readonly requirementDigest: string;
  readonly requirement: Requirement;
  readonly lanes: Readonly<Record<(typeof PRIORITIES)[number], StoredLane>>;
  readonly pending: readonly TaskId[];
}

/** One record of a snapshot, in the order of this list. */
export type SnapshotRecord =
  | { readonly kind: 'counters'; readonly value: Counters }
  | { readonly kind: 'task'; readonly value: StoredTask }
  | { readonly kind: 'job'; readonly value: StoredJob }
  | { readonly kind: 'submit'; readonly value: StoredSubmit & { readonly key: string } }
  | { readonly kind: 'agent'; readonly value: StoredAgent }
  | { readonly kind: 'host'; readonly value: StoredHost }
  | { readonly kind: 'queue'; readonly value: StoredQueue }
  | { readonly kind: 'policy'; readonly value: SchedulingPolicy }
  | { readonly kind: 'curation'; readonly value: { readonly cellId: string; readonly curation: CellCuration } }
  /** Their order decides the order in which waiting tasks are enqueued. */
  | { readonly kind: 'waiters'; readonly value: { readonly need: TaskId; readonly taskIds: readonly TaskId[] } }
  | { readonly kind: 'event'; readonly value: StoreEvent };

const RECORD_KINDS = [
  'counters',
  'task',
  'job',
  'submit',
  'agent',
  'host',
  'queue',
  'waiters',
  'policy',
  'curation',
  'event',
] as const satisfies readonly SnapshotRecord['kind'][];

/** The bytes are this store's own and carry checksums, so their insides are not checked a second time. */
export const snapshotRecordSchema = z.custom<SnapshotRecord>(
  (value) => isObject(value) && RECORD_KINDS.some((kind) => kind === value['kind']) && 'value' in value,
);

export const snapshotHeaderSchema = z.object({
  format: z.literal('grove-snapshot'),
  /** Earlier ones are read too. */
  schemaVersion: z.int().min(1),
  /** The last command in it. */
  sequence: z.int().min(0),
});
export type SnapshotHeader = z.infer<typeof snapshotHeaderSchema>;

/** Last record: a snapshot without it is not one. */
export const snapshotEndSchema = z.object({ format: z.literal('end'), records: z.int().min(0) });

/** The state as it is now. Cheap, because records are immutable: only the lists are copied. */
export function captureState(state: State): readonly SnapshotRecord[] {
  return [
    { kind: 'counters', value: { ...state.counters } },
    ...[...state.tasks.values()].map((value) => ({ kind: 'task', value }) as const),
    ...[...state.jobs.values()].map((value) => ({ kind: 'job', value }) as const),
    ...[...state.submits].map(([key, submit]) => ({ kind: 'submit', value: { key, ...submit } }) as const),
    ...[...state.agents.values()].map((value) => ({ kind: 'agent', value }) as const),
    ...[...state.hosts.values()].map((value) => ({ kind: 'host', value }) as const),
    ...[...state.queues.values()].map((queue) => ({ kind: 'queue', value: captureQueue(queue) }) as const),
    ...[...state.waiters].map(([need, taskIds]) => ({ kind: 'waiters', value: { need, taskIds: [...taskIds] } }) as const),
    { kind: 'policy', value: state.policy },
    ...[...state.curations].map(([cellId, curation]) => ({ kind: 'curation', value: { cellId, curation } }) as const),
    ...state.events.map((value) => ({ kind: 'event', value }) as const),
  ];
}

function captureQueue({ requirementDigest, requirement, lanes, pending }: Queue): StoredQueue {
  const { urgent, interactive, sweep } = lanes;
  const stored = { urgent: captureLane(urgent), interactive: captureLane(interactive), sweep: captureLane(sweep) };
  return { requirementDigest, requirement, lanes: stored, pending: [...pending.keys()] };
}

function captureLane({ virtualTime, finishes }: Lane): StoredLane {
  return { virtualTime, finishes: Object.fromEntries(finishes) };
}

/** Encodes a captured state without keeping other work waiting. */
export async function encodeSnapshot(records: readonly SnapshotRecord[], sequence: number): Promise<Buffer> {
  const header: SnapshotHeader = { format: 'grove-snapshot', schemaVersion: SCHEMA_VERSION, sequence };
  const frames = [encodeFrame(JSON.stringify(header))];
  for (const [index, record] of records.entries()) {
    if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await nextTurn();
    frames.push(encodeFrame(JSON.stringify(record)));
  }
  frames.push(encodeFrame(JSON.stringify({ format: 'end', records: records.length })));
  return Buffer.concat(frames);
}
