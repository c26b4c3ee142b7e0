import { join } from 'node:path';
import { z } from 'zod';
import { GroveError, toGroveError } from '../../../domain/errors.ts';
import type { Sha256 } from '../../../domain/json.ts';
import type { Files } from '../../../domain/ports.ts';
import { type AnyCall, COMMAND_NAMES, execute } from './execute.ts';
import { isObject, type Piece, readFrames } from './frame.ts';
import { type JournalFiles, SCHEMA_VERSION, segmentPath, snapshotPath, sortNames } from './journal-files.ts';
import { restoreState } from './restore.ts';
import { type SnapshotRecord, snapshotEndSchema, snapshotHeaderSchema, snapshotRecordSchema } from './snapshot.ts';
import { createState, type State } from './state.ts';

/** Writes one log line. */
export type StoreLog = (event: string, fields: Readonly<Record<string, string | number>>) => void;

export interface RecoverOptions {
  readonly files: Files;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly log: StoreLog;
}

export interface Recovered {
  readonly state: State;
  /** The last command in it. */
  readonly sequence: number;
  /** The last command in the snapshot that it rests on. */
  readonly snapshotSequence: number;
  /** The segment was written by an earlier version: it must not get commands of this one. */
  readonly outdated: boolean;
  /** The segment to go on with, and how much of it is good. */
  readonly segment: { readonly firstSequence: number; readonly sizeBytes: number };
}

const segmentHeaderSchema = z.object({
  format: z.literal('grove-journal'),
  schemaVersion: z.int().min(1),
  firstSequence: z.int().min(1),
});

const snapshotPartSchema = z.union([snapshotRecordSchema, snapshotEndSchema]);

/** A restart reads hundreds of thousands: the bytes are this store's own and carry checksums, so that a few looks by hand do. */
const journalRecordSchema = z.custom<{ readonly sequence: number; readonly call: AnyCall }>(
  (value) => isObject(value) && Number.isSafeInteger(value['sequence']) && isCall(value['call']),
);

function isCall(value: unknown): boolean {
  if (!isObject(value) || !isObject(value['command'])) return false;
  return COMMAND_NAMES.some((name) => name === value['name']) && typeof value['command']['now'] === 'number';
}

/**
 * The state of a journal folder: its newest snapshot and every later command executed again. An incomplete last record is cut off, with a log line;
 * any other damage throws `journal-corrupt` with its place. Throws `invalid-config` when a newer version has written it, or an earlier one under whose
 * rules its commands did something else than now.
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { files, folder } = options;
  await files.makeFolder(folder);
  const found = sortNames(await files.list(folder));
  const base = await readNewestSnapshot(options, found);
  const recovered = await replaySegments(options, found, base);
  await removeSuperseded(files, folder, base.sequence);
  return recovered;
}

interface Base {
  readonly state: State;
  readonly sequence: number;
}

async function readNewestSnapshot({ files, folder }: RecoverOptions, { snapshots }: JournalFiles): Promise<Base> {
  const sequence = snapshots.at(-1);
  if (sequence === undefined) return { state: createState(), sequence: 0 };
  const file = snapshotPath(folder, sequence);
  const reader = openReader(file, (await files.read(file)) ?? new Uint8Array());
  const header = reader.next(snapshotHeaderSchema);
  requireKnown(header.schemaVersion, file);
  const records = [...snapshotRecords(reader)];
  if (header.sequence !== sequence) throw reader.corrupt('its name and its content name different commands');
  return { state: restoreState(records), sequence };
}

function* snapshotRecords(reader: FrameReader): Generator<SnapshotRecord> {
  for (let count = 0; ; count += 1) {
    const record = reader.next(snapshotPartSchema);
    if ('kind' in record) {
      yield record;
      continue;
    }
    if (record.records !== count) throw reader.corrupt(`it has ${count} of ${record.records} records`);
    return;
  }
}

async function replaySegments(options: RecoverOptions, { segments }: JournalFiles, base: Base): Promise<Recovered> {
  const needed = segments.filter((_, index) => (segments[index + 1] ?? Number.POSITIVE_INFINITY) > base.sequence + 1);
  let { sequence } = base;
  let segment = { firstSequence: sequence + 1, sizeBytes: 0 };
  let version = SCHEMA_VERSION;
  for (const [index, firstSequence] of needed.entries()) {
    const context = { ...options, state: base.state, firstSequence, after: sequence, isLast: index === needed.length - 1 };
    const replayed = await replaySegment(context);
    ({ sequence, version } = replayed);
    segment = { firstSequence, sizeBytes: replayed.sizeBytes };
  }
  return { state: base.state, sequence, snapshotSequence: base.sequence, outdated: version < SCHEMA_VERSION, segment };
}

interface SegmentContext extends RecoverOptions {
  readonly state: State;
  readonly firstSequence: number;
  /** Commands up to this one are in the state already. */
  readonly after: number;
  readonly isLast: boolean;
}

interface Replayed {
  readonly sequence: number;
  readonly sizeBytes: number;
  readonly version: number;
}

/** Executes a segment's commands. Only the last segment may end within a record: the ones before were complete before the next was begun. */
async function replaySegment(context: SegmentContext): Promise<Replayed> {
  const { files, folder, firstSequence, isLast, log } = context;
  const file = segmentPath(folder, firstSequence);
  const bytes = (await files.read(file)) ?? new Uint8Array();
  const reader = openReader(file, bytes);
  let sequence = context.after;
  let version = SCHEMA_VERSION;
  let expected = firstSequence;
  while (!reader.atEnd() && !(isLast && reader.isTorn())) {
    if (reader.offset === 0) {
      version = readHeader(reader, context);
      continue;
    }
    const record = reader.next(journalRecordSchema);
    if (record.sequence !== expected) throw reader.corrupt(`command ${record.sequence} follows command ${sequence}`);
    if (expected > sequence) replay(context, reader, { ...record, version });
    sequence = Math.max(sequence, expected);
    expected += 1;
  }
  if (reader.offset < bytes.length) log('journal-repaired', { file, cutAtByte: reader.offset, droppedBytes: bytes.length - reader.offset });
  return { sequence, sizeBytes: reader.offset, version };
}

/** The version that has written the segment. */
function readHeader(reader: FrameReader, { folder, firstSequence, after }: SegmentContext): number {
  const header = reader.next(segmentHeaderSchema);
  requireKnown(header.schemaVersion, segmentPath(folder, firstSequence));
  if (header.firstSequence !== firstSequence) throw reader.corrupt('its name and its content name different commands');
  if (firstSequence > after + 1) throw reader.corrupt(`commands ${after + 1} to ${firstSequence - 1} are missing`);
  return header.schemaVersion;
}

function requireKnown(version: number, file: string): void {
  if (version <= SCHEMA_VERSION) return;
  const problem = `a newer version of Grove has written it, in format ${version}, and this one knows format ${SCHEMA_VERSION}: start that version`;
  throw new GroveError('invalid-config', { where: file, problem });
}

type VersionedRecord = z.infer<typeof journalRecordSchema> & { readonly version: number };

function replay(context: SegmentContext, reader: FrameReader, { sequence, call, version }: VersionedRecord): void {
  const problem = problemOf(context, call);
  if (problem === undefined) return;
  const what = `command ${sequence} (${call.name})`;
  if (version < SCHEMA_VERSION) throw otherRules(segmentPath(context.folder, context.firstSequence), `${what} ${problem}`);
  throw reader.corrupt(`${what} ${problem}`);
}

/** Only commands that changed something were written: one that changes nothing now is decided differently. */
function problemOf({ state, sha256 }: SegmentContext, call: AnyCall): string | undefined {
  try {
    return execute(state, call, sha256).changed ? undefined : 'changes nothing';
  } catch (error) {
    return `does not apply: ${toGroveError(error).message}`;
  }
}

function otherRules(file: string, problem: string): GroveError {
  const advice = 'start the version that wrote it and stop it once; docs/operations.md, Upgrades, tells what to do with format 1';
  return new GroveError('invalid-config', {
    where: file,
    problem: `an earlier version of Grove has written it under other rules (${problem}): ${advice}`,
  });
}

/** Removes what the newest snapshot has made unnecessary, and snapshots that were never finished. A crash before it has finished does no harm. */
export async function removeSuperseded(files: Files, folder: string, snapshotSequence: number): Promise<void> {
  const { segments, snapshots, drafts } = sortNames(await files.list(folder));
  const oldSegments = segments.filter((_, index) => (segments[index + 1] ?? Number.POSITIVE_INFINITY) <= snapshotSequence + 1);
  const oldSnapshots = snapshots.filter((sequence) => sequence < snapshotSequence);
  for (const firstSequence of oldSegments) await files.remove(segmentPath(folder, firstSequence));
  for (const sequence of oldSnapshots) await files.remove(snapshotPath(folder, sequence));
  for (const name of drafts) await files.remove(join(folder, name));
}

/** Reads a file frame by frame and knows where it is. */
interface FrameReader {
  /** Where the next frame begins; everything before it is good. */
  readonly offset: number;
  atEnd(): boolean;
  /** The file ends within the next frame. */
  isTorn(): boolean;
  /** The next frame's document. Throws `journal-corrupt`. */
  next<T>(schema: z.ZodType<T>): T;
  corrupt(problem: string): GroveError;
}

function openReader(file: string, bytes: Uint8Array): FrameReader {
  const pieces = readFrames(bytes);
  let piece: Piece | undefined;
  let offset = 0;
  const advance = () => {
    const step = pieces.next();
    piece = step.done === true ? undefined : step.value;
    offset = piece?.offset ?? bytes.length;
  };
  const corrupt = (problem: string) => new GroveError('journal-corrupt', { file, offset, problem });
  advance();
  return {
    get offset() {
      return offset;
    },
    atEnd: () => piece === undefined,
    isTorn: () => piece?.kind === 'torn',
    next(schema) {
      if (piece === undefined || piece.kind === 'torn') throw corrupt('it ends within a record');
      if (piece.kind === 'damaged') throw corrupt(piece.problem);
      const document = schema.safeParse(parseJson(piece.payload));
      if (!document.success) throw corrupt('a record is not what this version of Grove writes');
      advance();
      return document.data;
    },
    corrupt,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
