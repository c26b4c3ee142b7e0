import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAgentLog } from '../../agent/log-events.ts';
import { type ChildHost, type ChildObserver, type ChildWork, runInChild } from '../../agent/runner/child-process-stage.ts';
import { ChildRegistry } from '../../agent/runner/child-registry.ts';
import { TaskStopped } from '../../agent/runner/stop-reason.ts';
import type { Child, Files, Spawner } from '../../domain/ports.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { holdProcess } from '../../platform/keep-alive.ts';
import { identifyProcess, isSameProcess } from '../../platform/process-identity.ts';
import { createSpawner } from '../../platform/spawner.ts';
import { createFastClock } from '../farm/fast-clock.ts';

const CHILD_MAIN = fileURLToPath(new URL('./support/test-child.mjs', import.meta.url));

describe('a stage process', () => {
  let folder = '';
  let host: ChildHost;
  let lines: string[];
  let progress: (readonly [number, string])[];
  let controller: AbortController;
  let release = () => {};

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-child-'));
    const [clock, log] = [createSystemClock(), createAgentLog('silent', { write: () => {} })];
    const registry = new ChildRegistry({ folder: join(folder, 'children'), files: systemFiles, clock, log });
    await registry.killLeftovers();
    host = { spawner: createSpawner({ maxLineChars: 100_000 }), registry, clock, childMain: CHILD_MAIN, env: { PATH: '/usr/bin' } };
    [lines, progress, controller] = [[], [], new AbortController()];
    release = holdProcess();
  });
  afterEach(async () => {
    release();
    await rm(folder, { recursive: true, force: true });
  });

  function run<Result>(stage: string, result: z.ZodType<Result>, change: Partial<ChildWork<Result>> = {}): Promise<Result> {
    const observer: ChildObserver = {
      signal: controller.signal,
      log: (line) => lines.push(line),
      progress: (fraction, note) => progress.push([fraction, note]),
    };
    return runInChild(
      host,
      { stage, deviceName: 'lab/cpu0', request: { rows: 3 }, result, timeoutMs: 30_000, cwd: folder, ...change },
      observer,
    );
  }

  const rows = z.strictObject({ rows: z.number() });
  const registered = () => readdir(join(folder, 'children'));

  /** Pid that the `stuck` stage logs once it is about to block. */
  async function stuckPid(): Promise<number> {
    await expect.poll(() => lines.find((line) => line.startsWith('stuck in')), { timeout: 20_000 }).toBeDefined();
    return Number(
      lines
        .find((line) => line.startsWith('stuck in'))
        ?.split(' ')
        .at(-1),
    );
  }

  it('returns its result, and passes on its log, its standard error and its progress', async () => {
    expect(await run('echo', rows)).toEqual({ rows: 3 });
    expect(lines.sort()).toEqual(['echoing', 'from stderr']);
    expect(progress).toEqual([[0.5, 'half']]);
    expect(await registered()).toEqual([]);
  });

  it('takes what a library prints on standard output for log, finished lines or not', async () => {
    expect(await run('garbage', rows)).toEqual({ rows: 3 });
    expect(lines.sort()).toEqual(['and this one has no end', 'this is no event', '{"type":"unknown"}']);
  });

  it('has only the environment it was given', async () => {
    const names = await run('environment', z.array(z.string()));
    expect(names.filter((name) => !name.startsWith('__'))).toEqual(['PATH']);
  });

  it('reaches no network', async () => {
    expect(await run('network', z.array(z.string()))).toEqual(['NetworkRefusedError', 'NetworkRefusedError', 'NetworkRefusedError']);
  });

  it('reports its own error with its code', async () => {
    await expect(run('fail', rows)).rejects.toMatchObject({ code: 'unsupported-pass', message: expect.stringContaining('Quark') });
  });

  it.each([
    ['crash', /signal SIGABRT/],
    ['exit', /exit code 7/],
    ['environment', /its result is not valid/],
  ])('that ends by %s is a crash that says how', async (stage, how) => {
    await expect(run(stage, rows)).rejects.toMatchObject({ code: 'child-crashed', message: expect.stringMatching(how) });
    expect(await registered()).toEqual([]);
  });

  it('that never ends is killed at its timeout', async () => {
    await expect(run('stuck', rows, { timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'child-timeout' });
    expect(await registered()).toEqual([]);
  });

  it('is killed when its task is stopped, although it is inside a native call', async () => {
    const outcome = expect(run('stuck', rows)).rejects.toMatchObject({ kind: 'cancelled' });
    const identity = await identifyProcess(await stuckPid());
    expect(await registered()).toEqual([`${identity?.pid}.json`]);
    controller.abort(new TaskStopped('cancelled', 'cancelled by a test'));
    await outcome;
    expect(identity && (await isSameProcess(identity))).toBe(false);
    expect(await registered()).toEqual([]);
  });

  it('is killed when it cannot be written down', async () => {
    const full: Files = { ...systemFiles, writeAtomic: () => Promise.reject(new Error('no space left')) };
    const log = createAgentLog('silent', { write: () => {} });
    const spawned: Child[] = [];
    const spawner: Spawner = {
      spawn: (request) => {
        const child = createSpawner().spawn(request);
        spawned.push(child);
        return child;
      },
    };
    host = { ...host, spawner, registry: new ChildRegistry({ folder: join(folder, 'children'), files: full, clock: host.clock, log }) };
    await expect(run('echo', rows)).rejects.toThrow('no space left');
    expect(await spawned[0]?.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  it('that cannot be killed wedges its device until it is gone after all', async () => {
    const log = createAgentLog('silent', { write: () => {} });
    const registry = new ChildRegistry({ folder: join(folder, 'children'), files: systemFiles, clock: createFastClock(100), log });
    const child = createSpawner().spawn({ file: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], cwd: folder, env: {} });
    const record = await registry.register(child, { stage: 'measure', deviceName: 'lab/cpu0' });
    await registry.end({ ...child, kill: () => {} }, record);
    await registry.review();
    expect(registry.wedged?.code).toBe('device-wedged');
    child.kill();
    await child.exited;
    await registry.review();
    expect(registry.wedged).toBeUndefined();
    expect(await registered()).toEqual([]);
  });

  it('left by an earlier agent is killed at start, and another process with its pid is not', async () => {
    const outcome = expect(run('stuck', rows)).rejects.toMatchObject({ code: 'child-crashed', message: expect.stringMatching(/SIGKILL/) });
    const pid = await stuckPid();
    await systemFiles.writeAtomic(
      join(folder, 'children', '1.json'),
      Buffer.from(JSON.stringify({ pid: process.pid, startTime: 'another boot:1', stage: 'convert', deviceName: 'lab/cpu0' })),
    );
    await systemFiles.writeAtomic(join(folder, 'children', '2.json'), Buffer.from('{"pid"'));
    const log = createAgentLog('silent', { write: () => {} });
    await new ChildRegistry({ folder: join(folder, 'children'), files: systemFiles, clock: host.clock, log }).killLeftovers();
    expect(await identifyProcess(pid)).toBeUndefined();
    await outcome;
    expect(await registered()).toEqual([]);
  });
});
