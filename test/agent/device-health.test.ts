import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { deviceOf } from '../../agent/device/state/device.cases.ts';
import { DeviceHealth } from '../../agent/health/device-health.ts';
import { createAgentLog } from '../../agent/log-events.ts';
import { type ChildHost, runInChild } from '../../agent/runner/child-process-stage.ts';
import { ChildRegistry } from '../../agent/runner/child-registry.ts';
import type { Spawner } from '../../domain/ports.ts';
import type { QuarantineRequest } from '../../domain/protocol.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { holdProcess } from '../../platform/keep-alive.ts';
import { identifyProcess } from '../../platform/process-identity.ts';
import { createSpawner } from '../../platform/spawner.ts';

const CHILD_MAIN = fileURLToPath(new URL('./support/test-child.mjs', import.meta.url));
const PROBE_MS = 1_000;

/** A device whose driver behaves as a file in its folder says; probes are real processes. */
describe('a device that stops working', () => {
  let folder = '';
  let pids: number[] = [];
  let asked: QuarantineRequest[] = [];
  let lines: string[] = [];
  let release = () => {};

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-health-'));
    [pids, asked, lines] = [[], [], []];
    release = holdProcess();
  });
  afterEach(async () => {
    release();
    await rm(folder, { recursive: true, force: true });
  });

  const behave = (behaviour: string) => writeFile(join(folder, 'behaviour'), behaviour);
  /** A recovery command that makes the driver behave again. */
  const repair = [
    process.execPath,
    '-e',
    `require('fs').writeFileSync('behaviour', 'well'); console.log('reloaded ' + process.env.GROVE_DEVICE)`,
  ];

  async function check(command: readonly string[] | null, timeoutMs = 20_000): Promise<string> {
    const log = createAgentLog('silent', { write: () => {} });
    const registry = new ChildRegistry({ folder: join(folder, 'children'), files: systemFiles, clock: createSystemClock(), log });
    await registry.killLeftovers();
    const real = createSpawner();
    const spawner: Spawner = {
      spawn: (request) => {
        const child = real.spawn(request);
        pids.push(child.pid);
        return child;
      },
    };
    const host: ChildHost = {
      spawner,
      registry,
      clock: createSystemClock(),
      childMain: CHILD_MAIN,
      env: { PATH: process.env['PATH'] ?? '' },
    };
    const health = new DeviceHealth({
      ...{ spawner, log, cwd: folder, env: host.env, settleMs: 20, recovery: { command, timeoutMs } },
      clock: createSystemClock(),
      ask: (request) => asked.push(request),
      probe: async ({ name }) => {
        const work = { stage: 'device', deviceName: name, request: {}, result: z.strictObject({ why: z.string().nullable() }) };
        const observer = { signal: new AbortController().signal, log: () => {}, progress: () => {} };
        return (await runInChild(host, { ...work, timeoutMs: PROBE_MS, cwd: folder }, observer)).why;
      },
    });
    return await health
      .assertWorking(deviceOf('npu'), 'QNNExecutionProvider', (line) => lines.push(line))
      .then(
        () => 'works',
        ({ code }) => code,
      );
  }

  /** Nobody that was started is left, and no record of anybody. */
  async function expectNobodyLeft(): Promise<void> {
    await expect.poll(async () => (await Promise.all(pids.map(identifyProcess))).filter((left) => left !== undefined)).toEqual([]);
    expect(await readdir(join(folder, 'children'))).toEqual([]);
  }

  const broken: readonly (readonly [string, RegExp])[] = [
    ['hangs', /1000 ms/],
    ['ignores SIGTERM and hangs', /1000 ms/],
    ['crashes', /signal SIGABRT/],
    ['says no', /no NPU/],
  ];

  it.each(broken)('because it %s ends in quarantine, its processes killed', { timeout: 60_000 }, async (behaviour, reason) => {
    await behave(behaviour);
    expect(await check(null)).toBe('device-unhealthy');
    expect(asked).toMatchObject([
      { type: 'quarantine', reason: expect.stringMatching(reason), fix: expect.stringContaining('grove agent recover') },
    ]);
    expect(pids).toHaveLength(2);
    await expectNobodyLeft();
  });

  it.each(broken)('because it %s is brought back by the operator’s command', { timeout: 60_000 }, async (behaviour) => {
    await behave(behaviour);
    expect(await check(repair)).toBe('works');
    expect(asked).toEqual([]);
    expect(lines).toContain('reloaded lab-17/npu0');
    expect(pids).toHaveLength(4);
    await expectNobodyLeft();
  });

  it('outlives a command that hangs and ignores SIGTERM', { timeout: 60_000 }, async () => {
    await behave('crashes');
    const stubborn = [process.execPath, '-e', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`];
    expect(await check(stubborn, 1_000)).toBe('device-unhealthy');
    expect(asked[0]?.reason).toContain('the recovery command was killed after 1000 ms');
    await expectNobodyLeft();
  });

  it('tells of a command that is not there, or fails', { timeout: 60_000 }, async () => {
    await behave('crashes');
    await check(['/nowhere/reload']);
    expect(asked[0]?.reason).toMatch(/the recovery command could not be started/);
    await check([process.execPath, '-e', 'process.exit(3)']);
    expect(asked[1]?.reason).toMatch(/the recovery command ended with exit code 3/);
  });
});
