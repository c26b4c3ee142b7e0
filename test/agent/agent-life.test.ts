import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AgentConfig, completeAgentConfig } from '../../agent/config.ts';
import { ScriptedCoordinator } from '../../agent/connection/scripted-coordinator.cases.ts';
import { type Agent, startAgent } from '../../agent/main.ts';
import type { RunTask } from '../../agent/runner/task-runner.ts';
import type { Assignment, ResolveResult } from '../../domain/task.ts';
import { identifyProcess, isSameProcess } from '../../platform/process-identity.ts';

const CHILD_MAIN = fileURLToPath(new URL('./support/test-child.mjs', import.meta.url));

const RESULT: ResolveResult = { kind: 'resolve', source: { schemaVersion: 1, files: {}, data: {} }, origin: { kind: 'local' } };

function assignmentOf(taskId: string, change: Partial<Assignment> = {}): Assignment {
  return {
    lease: { taskId, attempt: 1, token: 'a'.repeat(32) },
    leaseMs: 30_000,
    acceptMs: 5_000,
    deviceName: 'lab/cpu0',
    spec: {
      kind: 'resolve',
      modelId: 'm',
      revision: null,
      recipe: { recipeId: 'r', digest: '0'.repeat(64), text: '{}' },
      localData: {},
      localFiles: {},
    },
    conversion: null,
    ...change,
  };
}

/** Runs one stage process that never ends by itself. */
const runStuck: RunTask = async (context, enter) => {
  enter('resolve');
  return await context.inChild({ stage: 'stuck', request: null, result: z.never(), timeoutMs: 600_000 });
};

const runQuickly: RunTask = async (_, enter) => {
  enter('resolve');
  return RESULT;
};

describe('an agent', () => {
  let folder = '';
  let config: AgentConfig;
  let coordinator: ScriptedCoordinator;
  let agents: Agent[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-agent-'));
    const settings = {
      dataFolder: folder,
      name: 'a',
      hostName: 'lab',
      stopGraceMs: 0,
      logLevel: 'silent',
      cache: { minFreeBytes: 0 },
    } as const;
    config = completeAgentConfig(settings, { env: {}, token: null });
    coordinator = new ScriptedCoordinator();
    agents = [];
  });
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.stop('the test ends')));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(runTask: RunTask, transport = coordinator): Promise<Agent> {
    const agent = await startAgent(config, { transport, runTask, childMain: CHILD_MAIN });
    agents.push(agent);
    return agent;
  }

  /** Identity of the one stage process, once it is inside its native call. */
  async function stuckProcess() {
    const chunk = await coordinator.next('logChunk', ({ text }) => text.includes('stuck in'));
    const identity = await identifyProcess(Number(/stuck in (\d+)/.exec(chunk.text)?.[1]));
    if (identity === undefined) throw new Error('the stage process is gone already');
    return identity;
  }

  async function assignStuck(change: Partial<Assignment> = {}) {
    await start(runStuck);
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1', change) });
    return await stuckProcess();
  }

  it('introduces itself with its machine and its devices', async () => {
    await start(runQuickly);
    expect(await coordinator.next('hello')).toMatchObject({
      agentId: 'a',
      host: { hostName: 'lab' },
      devices: [{ name: 'lab/cpu0' }],
      status: { state: 'ready' },
      heldLeases: [],
    });
  });

  it('accepts, reports its stages and completes', async () => {
    await start(runQuickly);
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1') });
    const complete = await coordinator.next('complete');
    expect(complete).toMatchObject({ lease: assignmentOf('j-1').lease, outcome: { state: 'completed', result: RESULT } });
    const types = coordinator.current.received.map(({ type }) => type).filter((type) => type !== 'heartbeat');
    expect(types).toEqual(['hello', 'accept', 'progress', 'complete']);
  });

  it('stops a cancelled task inside a native call and says so', async () => {
    const process = await assignStuck();
    coordinator.say({ type: 'cancel', lease: { taskId: 'j-1', attempt: 1 }, by: 'somebody' });
    expect((await coordinator.next('complete')).outcome).toEqual({ state: 'cancelled' });
    expect(await isSameProcess(process)).toBe(false);
  });

  it('drops a revoked task without a word', async () => {
    const process = await assignStuck();
    coordinator.say({ type: 'revoke', lease: { taskId: 'j-1', attempt: 1 }, why: 'expired' });
    await expect.poll(() => isSameProcess(process), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => readdir(join(folder, 'work')), { timeout: 10_000 }).toEqual([]);
    expect(coordinator.all('complete')).toEqual([]);
  });

  it('kills its work before a lease that nobody renews ends', async () => {
    coordinator.verdict = (lease) => ({ lease, verdict: 'continue', durationMs: 1 });
    const process = await assignStuck({ leaseMs: 6_000 });
    const lease = coordinator.next('heartbeat', ({ renewals }) => renewals.length === 0);
    await expect.poll(() => isSameProcess(process), { timeout: 20_000 }).toBe(false);
    await lease;
    expect(coordinator.all('complete')).toEqual([]);
  });

  it('hands a running task back when it is stopped', async () => {
    const process = await assignStuck();
    coordinator.onMessage = (message) => {
      if (message.type === 'complete') coordinator.say({ type: 'completeAck', lease: message.lease, recorded: true, error: null });
    };
    await agents[0]?.stop('SIGTERM');
    expect(coordinator.all('complete').map(({ outcome }) => outcome)).toMatchObject([
      { state: 'exception', error: { code: 'agent-shutdown' } },
    ]);
    expect(coordinator.all('heartbeat').at(-1)?.status.state).toBe('draining');
    expect(await isSameProcess(process)).toBe(false);
    expect(await readdir(join(folder, 'results'))).toEqual([]);
  });

  it('keeps a result over a restart and resends it until it is acknowledged', async () => {
    const first = await start(runQuickly);
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('c-1') });
    await coordinator.next('complete');
    await first.stop('restart');
    const later = new ScriptedCoordinator();
    await start(runStuck, later);
    expect((await later.next('hello')).heldLeases).toEqual([{ lease: assignmentOf('c-1').lease, stage: null, resultPending: true }]);
    const [before, after] = [coordinator.all('complete')[0], await later.next('complete')];
    expect(after).toEqual(before);
    later.say({ type: 'completeAck', lease: after.lease, recorded: true, error: null });
    await expect.poll(() => readdir(join(folder, 'results')), { timeout: 10_000 }).toEqual([]);
  });

  it('deletes a result that the coordinator abandons', async () => {
    const first = await start(runQuickly);
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('c-1') });
    await coordinator.next('complete');
    await first.stop('restart');
    const later = new ScriptedCoordinator();
    later.verdict = (lease) => ({ lease, verdict: 'abandon', durationMs: 0 });
    await start(runQuickly, later);
    await expect.poll(() => readdir(join(folder, 'results')), { timeout: 10_000 }).toEqual([]);
    expect(later.all('complete')).toEqual([]);
  });

  it('runs an assignment that comes twice only once', async () => {
    await assignStuck();
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1') });
    await expect.poll(() => coordinator.all('accept').length).toBe(2);
    expect(await readdir(join(folder, 'children'))).toHaveLength(1);
  });

  it('goes on with its task over a reconnect', async () => {
    const process = await assignStuck();
    coordinator.current.incoming.end();
    const hello = await coordinator.next('hello', ({ heldLeases }) => heldLeases.length === 1);
    expect(hello.heldLeases).toEqual([{ lease: assignmentOf('j-1').lease, stage: 'resolve', resultPending: false }]);
    expect(await isSameProcess(process)).toBe(true);
  });

  it('refuses work while it drains, and devices it does not have', async () => {
    await start(runQuickly);
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1', { deviceName: 'lab/npu0' }) });
    expect((await coordinator.next('reject')).error.code).toBe('not-found');
    coordinator.say({ type: 'drain', why: 'upgrade' });
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-2') });
    expect((await coordinator.next('reject', ({ lease }) => lease.taskId === 'j-2')).error.code).toBe('agent-shutdown');
    expect((await coordinator.next('heartbeat', ({ status }) => status.state === 'draining')).status.why).toBe('upgrade');
  });

  it('reports a result that no message can carry as an error that one can', async () => {
    const path = (index: number) => `model/${'x'.repeat(200)}/${index}`;
    const files = Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [path(index), { sha256: '0'.repeat(64), sizeBytes: 1 }]));
    await start(async () => ({ ...RESULT, source: { ...RESULT.source, files } }));
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1') });
    expect((await coordinator.next('complete')).outcome).toMatchObject({ state: 'failed', error: { code: 'message-too-large' } });
  });

  it('reports a result that its reader would refuse as an error', async () => {
    const files = { 'model.onnx': { sha256: '0'.repeat(64), sizeBytes: Number.NaN } };
    await start(async () => ({ ...RESULT, source: { ...RESULT.source, files } }));
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1') });
    expect((await coordinator.next('complete')).outcome).toMatchObject({
      state: 'exception',
      error: { code: 'internal', message: expect.stringContaining('source.files.model.onnx.sizeBytes') },
    });
  });

  it('sends no progress that is no number', async () => {
    await start(async (context, enter) => {
      enter('resolve');
      context.progress(0 / 0);
      return RESULT;
    });
    await coordinator.next('hello');
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1') });
    await coordinator.next('complete');
    expect(coordinator.all('progress').map(({ fraction }) => fraction)).toEqual([0]);
  });

  it('is not ready while the disk is nearly full', async () => {
    config = { ...config, cache: { maxBytes: 0, minFreeBytes: Number.MAX_SAFE_INTEGER } };
    await start(runQuickly);
    expect((await coordinator.next('hello')).status).toMatchObject({ state: 'not-ready', why: expect.stringContaining('bytes free') });
    coordinator.say({ type: 'assign', assignment: assignmentOf('j-1') });
    expect((await coordinator.next('reject')).error.code).toBe('low-disk');
  });

  it('is alone on its data folder', async () => {
    const first = await start(runQuickly);
    await expect(start(runQuickly)).rejects.toMatchObject({ code: 'already-running' });
    await first.stop('make room');
    await start(runQuickly);
  });

  it('keeps its instance id over a restart, and a copy of its folder has another', async () => {
    const first = await start(runQuickly);
    const { instanceId } = await coordinator.next('hello');
    await first.stop('restart');
    await start(runQuickly);
    expect((await coordinator.next('hello', (hello) => hello !== coordinator.all('hello')[0])).instanceId).toBe(instanceId);
    const copy = await mkdtemp(join(tmpdir(), 'grove-copy-'));
    try {
      await copyFile(join(folder, 'instance-id'), join(copy, 'instance-id'));
      config = { ...config, dataFolder: copy };
      const other = new ScriptedCoordinator();
      const clone = await start(runQuickly, other);
      expect((await other.next('hello')).instanceId).not.toBe(instanceId);
      await clone.stop('the test ends');
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
