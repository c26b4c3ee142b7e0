import { describe, expect, it } from 'vitest';
import type { QuarantineRequest } from '../../domain/protocol.ts';
import { createSpawner } from '../../platform/spawner.ts';
import { deviceOf, GPU } from '../device/state/device.cases.ts';
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
  const check = async (device = NPU, ep = EP) => {
    const ended = health
      .assertWorking(device, ep, () => {})
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

  it('ends in quarantine with reason and fix, asked for again while the device does not work', async () => {
    const { health, check, asked } = healthOf(['no device', 'no device', 'no device', null]);
    expect(await check()).toBe('device-unhealthy');
    expect(asked).toEqual([
      {
        type: 'quarantine',
        reason: `lab-17/npu0 does not run a small model on ${EP} (no device); tried twice, and no \`agent.recovery.command\` is configured`,
        fix: expect.stringContaining('grove agent recover'),
      },
    ]);
    await health.askAgain();
    expect(asked).toHaveLength(2);
    expect(await check()).toBe('works');
    await health.askAgain();
    expect(asked).toHaveLength(2);
  });

  it('is not asked to be quarantined again once somebody has repaired it', async () => {
    const { health, check, asked, probes } = healthOf(['no device', 'no device', null, 'no device']);
    await check();
    await health.askAgain();
    await health.askAgain();
    expect([asked.length, probes()]).toEqual([1, 3]);
  });

  it('is not taken for good because another device or provider is', async () => {
    const { health, check, asked } = healthOf(['no device', 'no device', null, null, 'no device']);
    await check();
    expect([await check(GPU), await check(NPU, 'OpenVINOExecutionProvider')]).toEqual(['works', 'works']);
    await health.askAgain();
    expect(asked.map(({ reason }) => reason)).toEqual([asked[0]?.reason, asked[0]?.reason]);
  });

  it('is judged before the task that comes while it is asked about', async () => {
    const { health, check, asked, probes } = healthOf(['no device', 'no device', 'no device', null]);
    await check();
    const asking = health.askAgain();
    expect(await check()).toBe('works');
    await asking;
    expect([asked.length, probes()]).toEqual([2, 4]);
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
