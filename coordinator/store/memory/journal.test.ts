import { describe, expect, it } from 'vitest';
import type { GroveError } from '../../../domain/errors.ts';
import { errorReport, newTask, resultOf } from '../../../test/conformance/task-store/documents.ts';
import { codeOf, Farm } from '../../../test/conformance/task-store/farm.ts';
import { CrashDisk } from '../../../test/support/crash-disk.ts';
import { createMemoryTaskStore } from './memory-task-store.ts';

const FOLDER = '/store';

/** Runs everything that can go on without the disk. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function startFarm(disk: CrashDisk, onFailure?: (error: GroveError) => void): Promise<Farm> {
  const store = createMemoryTaskStore({ files: disk, folder: FOLDER, ...(onFailure && { onFailure }) });
  await store.start();
  return new Farm(store);
}

/** Notes when a promise has resolved. */
function watched<T>(promise: Promise<T>): { done: boolean; readonly promise: Promise<T> } {
  const note = { done: false, promise };
  promise.then(
    () => {
      note.done = true;
    },
    () => {},
  );
  return note;
}

describe('journal', () => {
  it('acknowledges a command and tells its events only after write and sync, in that order', async () => {
    const disk = new CrashDisk();
    const farm = await startFarm(disk);
    disk.trace.length = 0;
    disk.holdSyncs();
    const submitted = watched(farm.submit([newTask('1')]));
    await settle();
    expect(disk.trace.map((step) => step.split(' ')[0])).toEqual(['append', 'sync']);
    expect(submitted.done).toBe(false);
    expect(farm.events).toEqual([]);
    expect(await farm.store.eventsSince(0, 100)).toEqual([]);
    disk.releaseSyncs();
    await submitted.promise;
    expect(disk.trace.map((step) => step.split(' ')[0])).toEqual(['append', 'sync', 'synced']);
    expect(farm.events).not.toEqual([]);
    expect(await farm.store.eventsSince(0, 100)).toEqual(farm.events);
  });

  it('puts commands that arrive together under one sync', async () => {
    const disk = new CrashDisk();
    const farm = await startFarm(disk);
    disk.trace.length = 0;
    await Promise.all(Array.from({ length: 50 }, (_, index) => farm.submit([newTask(`t-${index}`)])));
    expect(disk.trace.filter((step) => step.startsWith('sync '))).toHaveLength(1);
  });

  it('puts commands that arrive during a sync under the next one', async () => {
    const disk = new CrashDisk();
    const farm = await startFarm(disk);
    disk.trace.length = 0;
    disk.holdSyncs();
    const first = farm.submit([newTask('1')]);
    await settle();
    const others = Promise.all(Array.from({ length: 20 }, (_, index) => farm.submit([newTask(`t-${index}`)])));
    disk.releaseSyncs();
    await Promise.all([first, others]);
    expect(disk.trace.filter((step) => step.startsWith('sync '))).toHaveLength(2);
  });

  it('does not let a repeat be answered before what it repeats is on disk', async () => {
    const disk = new CrashDisk();
    const farm = await startFarm(disk);
    await farm.hello('m');
    await farm.submit([newTask('1')]);
    const held = await farm.run('m');
    disk.holdSyncs();
    const done = { state: 'completed', result: resultOf('benchmark') } as const;
    const first = watched(farm.complete(held, done));
    const repeat = watched(farm.complete(held, done));
    const refused = watched(codeOf(farm.complete(held, { state: 'cancelled' })));
    await settle();
    expect([first.done, repeat.done, refused.done]).toEqual([false, false, false]);
    disk.releaseSyncs();
    expect(await first.promise).toMatchObject({ recorded: true });
    expect(await repeat.promise).toMatchObject({ recorded: false });
    expect(await refused.promise).toBe('stale-token');
  });

  it('writes plain heartbeats together without waiting, and waits for one that is news', async () => {
    const disk = new CrashDisk();
    const farm = await startFarm(disk);
    await farm.hello('m');
    disk.trace.length = 0;
    disk.holdSyncs();
    for (let beat = 1; beat < 100; beat++) await farm.heartbeat('m');
    await settle();
    expect(disk.trace).toEqual([]);
    await farm.heartbeat('m');
    await settle();
    expect(disk.trace.map((step) => step.split(' ')[0])).toEqual(['append']);
    const news = watched(farm.heartbeat('m', [], { state: 'draining', why: 'test' }));
    await settle();
    expect(news.done).toBe(false);
    disk.releaseSyncs();
    await news.promise;
  });

  it('writes a heartbeat that renews a lease at once: its host stays taken as long after a crash', async () => {
    const disk = new CrashDisk();
    const farm = await startFarm(disk);
    await farm.hello('m');
    await farm.submit([newTask('1')]);
    const held = await farm.run('m');
    disk.trace.length = 0;
    await farm.heartbeat('m', [held]);
    await settle();
    expect(disk.trace.map((step) => step.split(' ')[0])).toEqual(['append']);
  });

  it.each(['append', 'sync'])('acknowledges nothing after a failed %s, and stops', async (step) => {
    const disk = new CrashDisk();
    const failures: GroveError[] = [];
    const farm = await startFarm(disk, (error) => failures.push(error));
    await farm.submit([newTask('1')]);
    const known = farm.events.length;
    disk.failFrom = disk.trace.length + (step === 'append' ? 1 : 2);
    const codes = await Promise.all(['2', '3'].map((id) => codeOf(farm.submit([newTask(id)]))));
    expect(codes).toEqual(['store-failed', 'store-failed']);
    disk.failFrom = Number.POSITIVE_INFINITY;
    expect(await codeOf(farm.submit([newTask('4')]))).toBe('store-failed');
    expect(await codeOf(farm.store.task('1'))).toBe('store-failed');
    expect(farm.events).toHaveLength(known);
    expect(failures.map(({ code }) => code)).toEqual(['store-failed']);
    await farm.store.stop();
  });

  it('stops when a command fails in a way that is no refusal', async () => {
    const farm = await startFarm(new CrashDisk());
    const broken = newTask('1', 'benchmark', { endedAs: { state: 'failed', error: errorReport('cancelled', { by: 'x' }) } });
    // A document that cannot be one: the state may be half changed when it is met.
    const poison = {
      ...broken,
      get requirement(): never {
        throw new Error('poison');
      },
    };
    await expect(farm.submit([poison])).rejects.toThrow('poison');
    expect(await codeOf(farm.store.jobs({ limit: 1 }))).toBe('store-failed');
  });

  it('refuses commands before it has been started and after it has been stopped', async () => {
    const farm = new Farm(createMemoryTaskStore({ files: new CrashDisk(), folder: FOLDER }));
    expect(await codeOf(farm.submit([]))).toBe('store-failed');
    await farm.store.start();
    await farm.store.start();
    await farm.submit([]);
    await farm.store.stop();
    await farm.store.stop();
    expect(await codeOf(farm.submit([]))).toBe('store-failed');
  });

  it('goes on after a listener that throws', async () => {
    const lines: string[] = [];
    const store = createMemoryTaskStore({ log: (event) => lines.push(event) });
    store.subscribe(() => {
      throw new Error('listener');
    });
    const farm = new Farm(store);
    await farm.submit([newTask('1')]);
    expect(farm.events.length).toBeGreaterThan(0);
    expect(lines).toContain('listener-failed');
  });
});
