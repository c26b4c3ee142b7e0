import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../../../domain/errors.ts';
import { systemFiles } from '../../../platform/files.ts';
import { sha256 } from '../../../platform/sha256.ts';
import { newTask } from '../../../test/conformance/task-store/documents.ts';
import { Farm } from '../../../test/conformance/task-store/farm.ts';
import { answerOf, callStore, observe } from '../../../test/model/task-store/compare.ts';
import { play } from '../../../test/model/task-store/record.ts';
import { type Action, history } from '../../../test/model/task-store/world.ts';
import { CrashDisk } from '../../../test/support/crash-disk.ts';
import { type AnyCall, execute } from './execute.ts';
import { encodeFrame, readFrames } from './frame.ts';
import { SCHEMA_VERSION, segmentPath, snapshotPath, sortNames } from './journal-files.ts';
import { createMemoryTaskStore } from './memory-task-store.ts';
import { recover, type StoreLog } from './recover.ts';
import { captureState } from './snapshot.ts';
import { createState, type State } from './state.ts';

const FOLDER = '/store';
/** Small enough for several snapshots in a short history. */
const SMALL_SNAPSHOTS = 500;

const dump = (state: State) => JSON.stringify(captureState(state));

function shortHistory(seed = 7): readonly Action[] {
  return fc.sample(history, { numRuns: 1, seed }).flat();
}

async function recovered(disk: CrashDisk, log: StoreLog = () => {}) {
  return recover({ files: disk, folder: FOLDER, sha256, log });
}

/** States after each command that changed something, the empty one first. */
function statesAfter(calls: readonly AnyCall[]): readonly string[] {
  const state = createState();
  const dumps = [dump(state)];
  for (const call of calls) if (applies(state, call)) dumps.push(dump(state));
  return dumps;
}

function applies(state: State, call: AnyCall): boolean {
  try {
    return execute(state, call, sha256).changed;
  } catch (error) {
    if (error instanceof GroveError) return false;
    throw error;
  }
}

const HELLO: Action = { type: 'hello', agent: 'a', report: 'none', clone: false };
const CLOSE: Action = { type: 'close', agent: 'a', stale: false };
const SHAPE = { benchmarks: 1, conversion: 0, resolve: false, unit: null, maxAttempts: 1, unsupported: false } as const;
const SUBMIT: Action = { type: 'submit', shape: SHAPE, priority: 'urgent', submitter: 'ann' };

/** A journal of a short history with a known end, and where its records begin. */
async function someJournal({ before = shortHistory(), ending = CLOSE } = {}) {
  const disk = new CrashDisk();
  const store = createMemoryTaskStore({ files: disk, folder: FOLDER });
  await store.start();
  const calls = await play(store, [...before, HELLO, ending]);
  // A clean stop would leave a snapshot instead.
  const path = segmentPath(FOLDER, 1);
  const bytes = disk.bytesOf(path);
  const offsets = [...readFrames(bytes)].map(({ offset }) => offset);
  return { path, bytes, offsets, states: statesAfter(calls) };
}

const header = ({ schemaVersion = SCHEMA_VERSION, firstSequence = 1 } = {}) =>
  encodeFrame(JSON.stringify({ format: 'grove-journal', schemaVersion, firstSequence }));
const CANCEL = { name: 'cancelJob', command: { now: 1, principal: { kind: 'local', name: 'local' }, jobId: 'gone' } };
const record = (sequence: number, call: unknown = CANCEL) => encodeFrame(JSON.stringify({ sequence, call }));

/** The file with the header of another version. */
function writtenBy(schemaVersion: number, bytes: Uint8Array): Uint8Array {
  const [first, second] = [...readFrames(bytes)];
  if (first?.kind !== 'frame') expect.unreachable();
  const named = encodeFrame(JSON.stringify({ ...JSON.parse(first.payload), schemaVersion }));
  return Buffer.concat([named, bytes.subarray(second?.offset ?? bytes.length)]);
}

function diskWith(path: string, bytes: Uint8Array): CrashDisk {
  const disk = new CrashDisk();
  disk.put(path, bytes);
  return disk;
}

async function corruptionOf(disk: CrashDisk) {
  const error = await recovered(disk).catch((thrown: unknown) => thrown);
  return error instanceof GroveError ? { code: error.code, offset: error.params['offset'], file: error.params['file'] } : { state: error };
}

describe('replay', () => {
  it('gives the state, the answers and the events that were there, through snapshots too', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(SMALL_SNAPSHOTS, 1_000_000), async (actions, snapshotAfterBytes) => {
        const disk = new CrashDisk();
        const store = createMemoryTaskStore({ files: disk, folder: FOLDER, snapshotAfterBytes });
        await store.start();
        const calls = await play(store, actions);
        const seen = JSON.stringify([await observe(store, 0), await store.eventsSince(0, 100_000)]);
        disk.writeAtomic = () => Promise.reject(new Error('no room for another snapshot'));
        await store.stop();
        const again = await recovered(disk.afterPowerCut());
        expect(dump(again.state)).toBe(statesAfter(calls).at(-1));
        const reopened = createMemoryTaskStore({ files: disk, folder: FOLDER });
        await reopened.start();
        expect(JSON.stringify([await observe(reopened, 0), await reopened.eventsSince(0, 100_000)])).toBe(seen);
        await reopened.stop();
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['small', { ending: CLOSE }],
    ['large', { before: [], ending: SUBMIT }],
  ])(
    'gives the state before or after a %s last record when the journal is cut at any of its bytes',
    { timeout: 120_000 },
    async (_, ending) => {
      const { path, bytes, offsets, states } = await someJournal(ending);
      const last = offsets.at(-1) ?? 0;
      for (let cut = last; cut <= bytes.length; cut += 1) {
        const lines: string[] = [];
        const { state, segment } = await recovered(diskWith(path, bytes.subarray(0, cut)), (event) => lines.push(event));
        expect(dump(state), `cut at ${cut}`).toBe(states.at(cut === bytes.length ? -1 : -2));
        expect(segment.sizeBytes).toBe(cut === bytes.length ? bytes.length : last);
        expect(lines).toEqual(cut === last || cut === bytes.length ? [] : ['journal-repaired']);
      }
    },
  );

  it('goes on behind a repaired record', async () => {
    const { path, bytes } = await someJournal();
    const disk = diskWith(path, bytes.subarray(0, bytes.length - 1));
    const farm = new Farm(createMemoryTaskStore({ files: disk, folder: FOLDER }));
    await farm.store.start();
    await farm.submit([newTask('after')], { jobId: 'after' });
    await farm.store.stop();
    expect((await recovered(disk)).state.tasks.has('after')).toBe(true);
  });

  it('takes zeros at the end for a write that was cut off', async () => {
    const { path, bytes, states } = await someJournal();
    const { state, segment } = await recovered(diskWith(path, Buffer.concat([bytes, Buffer.alloc(100)])));
    expect(dump(state)).toBe(states.at(-1));
    expect(segment.sizeBytes).toBe(bytes.length);
  });

  it('refuses a journal with a changed bit anywhere before its last record, and says where', { timeout: 120_000 }, async () => {
    const { path, bytes, offsets } = await someJournal();
    const [first = 0, second = 0, third = 0] = offsets;
    const middle = offsets[Math.floor(offsets.length / 2)] ?? 0;
    const end = offsets[Math.floor(offsets.length / 2) + 1] ?? 0;
    for (const [from, to] of [
      [first, second],
      [second, third],
      [middle, end],
    ] as const) {
      for (let position = from; position < to; position += 1) {
        const damaged = new Uint8Array(bytes);
        damaged[position] = (damaged[position] ?? 0) ^ (1 << (position % 8));
        expect(await corruptionOf(diskWith(path, damaged)), `bit flipped in byte ${position}`).toEqual({
          code: 'journal-corrupt',
          offset: from,
          file: path,
        });
      }
    }
  });

  it('refuses a last record whose bytes are all there and wrong', async () => {
    const { path, bytes, offsets } = await someJournal();
    const damaged = new Uint8Array(bytes);
    damaged[bytes.length - 1] = (damaged[bytes.length - 1] ?? 0) ^ 1;
    expect(await corruptionOf(diskWith(path, damaged))).toEqual({ code: 'journal-corrupt', offset: offsets.at(-1), file: path });
  });

  it('refuses a foreign record, a gap in the sequence and a command that does not apply', async () => {
    const path = segmentPath(FOLDER, 1);
    const files = [
      [encodeFrame('{"format":"grove-journal"}')],
      [header(), encodeFrame('{"hello":1}')],
      [header(), encodeFrame('not json')],
      [header(), record(2)],
      [header(), record(1)],
      [header({ firstSequence: 9 })],
    ];
    for (const frames of files)
      expect(await corruptionOf(diskWith(path, Buffer.concat(frames)))).toMatchObject({ code: 'journal-corrupt', file: path });
    expect(await corruptionOf(diskWith(segmentPath(FOLDER, 5), header({ firstSequence: 5 })))).toMatchObject({ code: 'journal-corrupt' });
  });

  it('refuses a damaged or unfinished snapshot', async () => {
    const disk = new CrashDisk();
    const store = createMemoryTaskStore({ files: disk, folder: FOLDER, snapshotAfterBytes: SMALL_SNAPSHOTS });
    await store.start();
    await play(store, shortHistory());
    await store.stop();
    const path = [...disk.files.keys()].find((name) => name.includes('snapshot-')) ?? expect.unreachable();
    const bytes = disk.bytesOf(path);
    const damaged = new Uint8Array(bytes);
    damaged[bytes.length >> 1] = (damaged[bytes.length >> 1] ?? 0) ^ 4;
    disk.put(path, damaged);
    expect(await corruptionOf(disk)).toMatchObject({ code: 'journal-corrupt', file: path });
    disk.put(path, bytes.subarray(0, bytes.length - 40));
    expect(await corruptionOf(disk)).toMatchObject({ code: 'journal-corrupt', file: path });
  });
});

describe('a clean stop', () => {
  it('leaves nothing to replay', async () => {
    const disk = new CrashDisk();
    const store = createMemoryTaskStore({ files: disk, folder: FOLDER });
    await store.start();
    const calls = await play(store, shortHistory());
    await store.stop();
    const { state, sequence, snapshotSequence } = await recovered(disk);
    expect(dump(state)).toBe(statesAfter(calls).at(-1));
    expect(snapshotSequence).toBe(sequence);
    const { segments, snapshots } = sortNames(await disk.list(FOLDER));
    expect([segments, snapshots]).toEqual([[sequence + 1], [sequence]]);
    expect([...readFrames(disk.bytesOf(segmentPath(FOLDER, sequence + 1)))]).toHaveLength(1);
  });

  it('of a store that has done nothing since its start writes nothing', async () => {
    const disk = new CrashDisk();
    for (const _ of [1, 2]) {
      const store = createMemoryTaskStore({ files: disk, folder: FOLDER });
      await store.start();
      await store.stop();
    }
    expect(sortNames(await disk.list(FOLDER))).toMatchObject({ segments: [1], snapshots: [] });
  });
});

describe('a folder of another version', () => {
  it('is taken over at the start when its commands do what they did, so that no segment has commands of two versions', async () => {
    const { path, bytes, states } = await someJournal();
    const torn = [writtenBy(1, bytes), encodeFrame('{}').subarray(0, 3)];
    const disk = diskWith(path, Buffer.concat(torn));
    const farm = new Farm(createMemoryTaskStore({ files: disk, folder: FOLDER }));
    await farm.store.start();
    const again = await recovered(disk.afterPowerCut());
    expect(dump(again.state)).toBe(states.at(-1));
    expect([again.snapshotSequence, again.outdated]).toEqual([again.sequence, false]);
    await farm.submit([newTask('after')], { jobId: 'after' });
    expect((await recovered(disk.afterPowerCut())).state.tasks.has('after')).toBe(true);
    await farm.store.stop();
  });

  it('is refused when a command does something else under the rules of today, and the error says what to do', async () => {
    const idle = { name: 'expire', command: { now: 1, items: [] } };
    for (const call of [CANCEL, idle]) {
      const disk = diskWith(segmentPath(FOLDER, 1), Buffer.concat([header({ schemaVersion: 1 }), record(1, call)]));
      await expect(recovered(disk)).rejects.toMatchObject({
        code: 'invalid-config',
        message: expect.stringMatching(/command 1 .*start the version that wrote it and stop it once/),
      });
    }
  });

  it('of Grove 0.1.0, recorded there, gives the farm that was seen there', async () => {
    const folder = join(import.meta.dirname, '../../../test/fixtures/journals/grove-0.1.0');
    const seen = JSON.parse(await readFile(join(folder, 'seen.json'), 'utf8'));
    const bytes = await readFile(join(folder, 'journal.frames'));
    const store = createMemoryTaskStore({ files: diskWith(segmentPath(FOLDER, 1), bytes), folder: FOLDER });
    await store.start();
    expect(await store.jobs({ limit: 100 })).toMatchObject(seen.jobs);
    const taskIds: readonly string[] = seen.tasks.map(({ taskId }: { readonly taskId: string }) => taskId);
    expect(await Promise.all(taskIds.map((taskId) => store.task(taskId)))).toMatchObject(seen.tasks);
    const places = taskIds.map(async (taskId) => [taskId, (await store.position(taskId)) ?? null]);
    expect(await Promise.all(places)).toEqual(seen.places);
    expect(await store.agents()).toMatchObject(seen.agents);
    expect(await store.queues()).toMatchObject(seen.queues);
    // These kinds of deadline came later, and are kept from the commands of before too.
    const due = await store.due(seen.now + 86_400_000, 100);
    expect(due.filter(({ kind }) => kind !== 'avoid' && kind !== 'timeout')).toEqual(seen.due);
    expect(await store.eventsSince(0, 1_000)).toMatchObject(seen.events);
    await store.stop();
  });

  it('is read when an earlier version has left a snapshot alone', async () => {
    const disk = new CrashDisk();
    const store = createMemoryTaskStore({ files: disk, folder: FOLDER });
    await store.start();
    const calls = await play(store, shortHistory());
    await store.stop();
    for (const path of disk.files.keys()) disk.put(path, writtenBy(1, disk.bytesOf(path)));
    const { state, outdated } = await recovered(disk);
    expect(dump(state)).toBe(statesAfter(calls).at(-1));
    expect(outdated).toBe(true);
    const reopened = new Farm(createMemoryTaskStore({ files: disk, folder: FOLDER }));
    await reopened.store.start();
    await reopened.submit([newTask('after')], { jobId: 'after' });
    const again = await recovered(disk.afterPowerCut());
    expect([again.outdated, again.state.tasks.has('after')]).toEqual([false, true]);
  });

  it('is refused when a newer version has written it', async () => {
    const { path, bytes } = await someJournal();
    await expect(recovered(diskWith(path, writtenBy(SCHEMA_VERSION + 1, bytes)))).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('a newer version of Grove'),
    });
  });
});

describe('a power cut', () => {
  it('at any operation loses no acknowledged command, whatever part of the rest got through', { timeout: 240_000 }, async () => {
    const calls = await play(createMemoryTaskStore(), shortHistory(11));
    const states = statesAfter(calls);
    const complete = new CrashDisk();
    await applyUntilFailure(complete, calls);
    expect(complete.trace.filter((step) => step.startsWith('replace')).length).toBeGreaterThanOrEqual(2);
    for (let failFrom = 1; failFrom <= complete.trace.length; failFrom += 1) {
      const disk = new CrashDisk({ failFrom });
      const acknowledged = await applyUntilFailure(disk, calls);
      for (const unsyncedBytes of [0, 100, 1_000_000]) {
        const { state } = await recovered(disk.afterPowerCut(unsyncedBytes));
        const found = states.indexOf(dump(state));
        expect(found, `power cut at operation ${failFrom} (${complete.trace[failFrom - 1]})`).toBeGreaterThanOrEqual(acknowledged);
      }
    }
  });

  it('leaves nothing behind that a restart does not use or remove', async () => {
    const disk = new CrashDisk();
    await applyUntilFailure(disk, await play(createMemoryTaskStore(), shortHistory(11)));
    disk.put(`${snapshotPath(FOLDER, 3)}.0123.tmp`, new Uint8Array(10));
    disk.put(segmentPath(FOLDER, 1), new Uint8Array(10));
    await recovered(disk);
    const names = (await disk.list(FOLDER)).map((name) => name.split('-')[0]).sort();
    expect(names).toEqual(['journal', 'snapshot']);
  });
});

/** Applies commands until the disk fails. Returns how many that changed something were acknowledged durably. */
async function applyUntilFailure(disk: CrashDisk, calls: readonly AnyCall[]): Promise<number> {
  const store = createMemoryTaskStore({ files: disk, folder: FOLDER, snapshotAfterBytes: SMALL_SNAPSHOTS });
  const shadow = createState();
  let applied = 0;
  let acknowledged = 0;
  try {
    await store.start();
    for (const call of calls) {
      const { code } = await answerOf(async () => callStore(store, call));
      if (code === 'store-failed') break;
      if (!applies(shadow, call)) continue;
      applied += 1;
      if (call.name !== 'heartbeat') acknowledged = applied;
    }
    await store.stop();
  } catch {
    // The disk failed during start or stop.
  }
  return acknowledged;
}

describe('the real files', () => {
  it('keep a farm over restarts and snapshots', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grove-store-'));
    try {
      for (const name of ['one', 'two', 'three']) {
        const farm = new Farm(createMemoryTaskStore({ files: systemFiles, folder: join(folder, 'state'), snapshotAfterBytes: 2_000 }));
        await farm.store.start();
        await farm.submit([newTask(`${name}-1`), newTask(`${name}-2`)], { jobId: name });
        await farm.store.stop();
      }
      const farm = new Farm(createMemoryTaskStore({ files: systemFiles, folder: join(folder, 'state') }));
      await farm.store.start();
      expect((await farm.store.jobs({ limit: 10 })).map(({ jobId }) => jobId)).toEqual(['three', 'two', 'one']);
      await farm.store.stop();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
