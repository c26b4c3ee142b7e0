import { describe, expect, it } from 'vitest';
import type { QuarantineRequest } from '../../domain/protocol.ts';
import { createSpawner } from '../../platform/spawner.ts';
import { deviceOf } from '../device/state/device.cases.ts';
import { createAgentLog } from '../log-events.ts';
import type { TaskContext } from '../runner/stage.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { DeviceHealth, withHealth } from './device-health.ts';

const NPU = deviceOf('npu');
const EP = 'QNNExecutionProvider';

function healthOf(answers: readonly (string | null | Error)[]) {
  const clock = new VirtualClock();
  const asked: QuarantineRequest[] = [];
  let probes = 0;
  const health = new DeviceHealth({
    ...{ clock, spawner: createSpawner(), cwd: '/', env: {}, settleMs: 2_000, recovery: { command: null, timeoutMs: 1_000 } },
    log: createAgentLog('silent', { write: () => {} }),
    probe: async () => {
      const answer = answers[Math.min(probes++, answers.length - 1)] ?? null;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ask: (request) => asked.push(request),
  });
  /** The error's code, with time passing meanwhile. */
  const check = async () => {
    const ended = health
      .assertWorking(NPU, EP, () => {})
      .then(
        () => 'works',
        (error: { code: string }) => error.code,
      );
    for (let step = 0; step < 4; step += 1) await clock.advance(5_000);
    return await ended;
  };
  return { health, asked, check, clock, probes: () => probes };
}

describe('the health of a device', () => {
  it('is fine when the small model runs', async () => {
    const { check, asked, probes } = healthOf([null]);
    expect([await check(), asked, probes()]).toEqual(['works', [], 1]);
  });

  it('is fine when it runs the second time', async () => {
    const { check, asked } = healthOf([new Error('signal SIGSEGV'), null]);
    expect([await check(), asked]).toEqual(['works', []]);
  });

  it('ends in quarantine with reason and fix, asked for again until the device works', async () => {
    const { health, check, asked } = healthOf(['no device', 'no device', null]);
    expect(await check()).toBe('device-unhealthy');
    expect(asked).toEqual([
      {
        type: 'quarantine',
        reason: `lab-17/npu0 does not run a small model on ${EP} (no device); tried twice, and no \`agent.recovery.command\` is configured`,
        fix: expect.stringContaining('grove agent recover'),
      },
    ]);
    health.askAgain();
    expect(asked).toHaveLength(2);
    expect(await check()).toBe('works');
    health.askAgain();
    expect(asked).toHaveLength(2);
  });
});

describe('a task on a device', () => {
  const contextOf = (executedEp: string, signal = new AbortController().signal) =>
    ({ assignment: { spec: { kind: 'benchmark', executedEp } }, device: NPU, signal, log: () => {} }) as unknown as TaskContext;
  const result = { kind: 'benchmark' } as never;

  it('is probed before and after, except on the provider of the CPU', async () => {
    const { health, probes } = healthOf([null]);
    const run = withHealth(async () => result, health);
    expect(await run(contextOf(EP), () => {})).toBe(result);
    expect(probes()).toBe(2);
    await run(contextOf('CPUExecutionProvider'), () => {});
    expect(probes()).toBe(2);
  });

  it('keeps its result when the device breaks afterwards', async () => {
    const { health, asked, clock, probes } = healthOf([null, 'gone', 'gone']);
    const run = withHealth(async () => result, health);
    const ended = run(contextOf(EP), () => {});
    await expect.poll(probes).toBe(2);
    await clock.advance(5_000);
    expect(await ended).toBe(result);
    expect(asked).toHaveLength(1);
  });

  it('is not held up when it was stopped', async () => {
    const controller = new AbortController();
    const { health, probes } = healthOf([null, 'gone']);
    const run = withHealth(async () => {
      controller.abort(new Error('cancelled'));
      throw new Error('cancelled');
    }, health);
    await expect(run(contextOf(EP, controller.signal), () => {})).rejects.toThrow('cancelled');
    expect(probes()).toBe(1);
  });
});
