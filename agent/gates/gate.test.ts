import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceState, deviceStateSchema } from '../../domain/device.ts';
import { completeAgentConfig } from '../config.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { GateKeeper, type GateSettings } from './gate-keeper.ts';
import { findingsOf } from './gate-rules.ts';
import { watched } from './state-watch.ts';

const SETTINGS = completeAgentConfig({}, { env: {}, token: null }).gates;
const QUIET: DeviceState = {
  ...{ temperatureC: 50, utilization: 0, freeMemoryBytes: 8e9, powerSource: 'ac', powerMode: 'performance', throttleCount: 4 },
  ...{ foreign: { cpuShare: 0.01, processes: [] }, stealShare: 0, pressure: { cpu: 0, memory: 0, io: 0 }, governor: 'performance' },
};
const foreign = (cpuShare: number) => ({ foreign: { cpuShare, processes: [{ name: 'apt', cpuShare }] } });

describe('gates', () => {
  const found = (change: Partial<DeviceState>, isIdle = true) =>
    findingsOf({ state: { ...QUIET, ...change }, before: QUIET, isIdle }, SETTINGS.limits).map(({ gate, why }) => `${gate}: ${why}`);

  it('find nothing on a quiet machine, nor on one that tells nothing', () => {
    expect(found({})).toEqual([]);
    const silent: DeviceState = {
      temperatureC: null,
      utilization: null,
      freeMemoryBytes: null,
      powerSource: 'unknown',
      powerMode: 'unknown',
    };
    expect(findingsOf({ state: silent, before: silent, isIdle: true }, SETTINGS.limits)).toEqual([]);
  });

  const cases: readonly (readonly [Partial<DeviceState>, string])[] = [
    [{ powerSource: 'battery' }, 'battery: it runs on battery'],
    [{ powerMode: 'low-power' }, 'power-save: its power mode is "low-power"'],
    [{ powerMode: 'best power efficiency' }, 'power-save: its power mode is "best power efficiency"'],
    [{ governor: 'powersave' }, 'power-save: its frequency governor is "powersave"'],
    [{ governor: 'powersave, no boost' }, 'power-save: its frequency governor is "powersave, no boost"'],
    [{ governor: 'powersave, power' }, 'power-save: its frequency governor is "powersave, power"'],
    [{ throttleCount: 6 }, 'throttled: it slowed down for its heat (2 events)'],
    [{ throttleReasons: ['power cap'] }, 'throttled: it is slowed down: power cap'],
    [{ temperatureC: 97 }, 'throttled: it is 97 °C hot (limit 95 °C)'],
    [foreign(0.4), 'busy: other processes (apt) take 40 % of its processors (limit 25 %)'],
    [{ foreign: { cpuShare: 0.4, processes: [] } }, 'busy: what else runs here takes 40 % of its processors (limit 25 %)'],
    [{ stealShare: 0.2 }, 'busy: its hypervisor gives 20 % of its processors to others (limit 10 %)'],
    [{ pressure: { cpu: 0.7, memory: 0, io: 0 } }, 'busy: tasks wait for a processor 70 % of the time (limit 50 %)'],
    [{ freeMemoryBytes: 1_048_576 }, 'low-memory: 1 MiB of memory are free (limit 256 MiB)'],
  ];
  it.each(cases)('say what is wrong, with number and limit: %j', (change, expected) => {
    expect(found(change)).toEqual([expected]);
  });

  it('judge memory by that of the machine, not by what is left on a graphics card', () => {
    expect(found({ freeMemoryBytes: 1_048_576, hostFreeMemoryBytes: 8e9 })).toEqual([]);
    expect(found({ freeMemoryBytes: 1_048_576, hostFreeMemoryBytes: null })).toEqual([]);
    expect(found({ freeMemoryBytes: 8e9, hostFreeMemoryBytes: 1_048_576 })).toEqual([
      'low-memory: 1 MiB of memory are free (limit 256 MiB)',
    ]);
  });

  it('take the normal mode of newer frequency drivers for what it is', () => {
    expect(found({ governor: 'powersave, balance_performance' })).toEqual([]);
  });

  it('do not blame the agent for its own pressure', () => {
    expect(found({ pressure: { cpu: 0.9, memory: 0, io: 0 } }, false)).toEqual([]);
  });
});

describe('a machine behind gates', () => {
  const waiting: GateSettings = {
    ...SETTINGS,
    actions: { battery: 'wait', 'power-save': 'wait', throttled: 'wait', busy: 'wait', 'low-memory': 'wait' },
  };

  function keeperOf(settings: GateSettings) {
    const clock = new VirtualClock();
    const keeper = new GateKeeper(settings, clock);
    const look = async (change: Partial<DeviceState>, { afterMs = 3_000, isIdle = true } = {}) => {
      await clock.advance(afterMs);
      keeper.observe({ 'lab/cpu0': { ...QUIET, ...change } }, isIdle);
      return keeper.problem?.params['why'];
    };
    return { keeper, look };
  }

  it('waits while one is closed, and opens only after it has been quiet for a while', async () => {
    const { keeper, look } = keeperOf(waiting);
    expect(await look({})).toBeUndefined();
    expect(await look({ powerSource: 'battery' })).toBe('it runs on battery');
    expect(keeper.problem?.code).toBe('gate-closed');
    expect(await look({})).toBe('it runs on battery');
    expect(await look({}, { afterMs: SETTINGS.settleMs })).toBeUndefined();
  });

  it('does not flap at a limit: it opens clearly below it', async () => {
    const { look } = keeperOf(waiting);
    expect(await look({ temperatureC: 96 })).toMatch(/96 °C/);
    expect(await look({ temperatureC: 93 }, { afterMs: 60_000 })).toMatch(/93 °C/);
    expect(await look({ temperatureC: 80 }, { afterMs: 60_000 })).toBeUndefined();
  });

  it('lets a compiler come and go', async () => {
    const { look } = keeperOf(waiting);
    expect(await look(foreign(0.9))).toBeUndefined();
    expect(await look({})).toBeUndefined();
    expect(await look(foreign(0.9), { afterMs: 60_000 })).toBeUndefined();
    expect(await look(foreign(0.9), { afterMs: SETTINGS.settleMs })).toMatch(/apt/);
  });

  it('works on where a gate only labels', async () => {
    const { look } = keeperOf(SETTINGS);
    expect(await look({ powerSource: 'battery', powerMode: 'low-power', ...foreign(1) }, { afterMs: 60_000 })).toBeUndefined();
    expect(await look({ powerSource: 'battery', ...foreign(1) }, { afterMs: 60_000 })).toBeUndefined();
    expect(await look({ freeMemoryBytes: 1 })).toMatch(/memory/);
  });

  it('opens at last whatever came before', async () => {
    const state = fc.record({
      powerSource: fc.constantFrom('ac', 'battery') as fc.Arbitrary<'ac' | 'battery'>,
      temperatureC: fc.integer({ min: 20, max: 120 }),
      freeMemoryBytes: fc.constantFrom(0, 3e8, 8e9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(state, { maxLength: 12 }), async (states) => {
        const { look } = keeperOf(waiting);
        for (const change of states) await look(change);
        await look({ throttleCount: 4 });
        expect(await look({}, { afterMs: SETTINGS.settleMs })).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });
});

describe('a watched measurement', () => {
  it('has states before, during and after, and the first finding of each gate', async () => {
    const clock = new VirtualClock();
    const states = [{}, { throttleCount: 5 }, { throttleCount: 9, powerSource: 'battery' as const }];
    let reads = 0;
    const readState = async () => ({ ...QUIET, ...states[Math.min(reads++, 2)] });
    const { result, states: seen } = await watched({ deviceName: 'lab/gpu0', readState, limits: SETTINGS.limits, clock }, async () => {
      await clock.advance(1_500);
      return 42;
    });
    expect([result, seen.during.length]).toEqual([42, 1]);
    expect(seen.warnings).toEqual([
      { gate: 'throttled', why: 'it slowed down for its heat (1 events)' },
      { gate: 'battery', why: 'it runs on battery' },
    ]);
  });

  it('keeps a bounded number of states, over the whole of it', async () => {
    const clock = new VirtualClock();
    const readState = async () => ({ ...QUIET, temperatureC: Math.round(clock.monotonicMs() / 1_000) - 1_000 });
    const { states } = await watched({ deviceName: 'lab/gpu0', readState, limits: { ...SETTINGS.limits, temperatureC: 1e6 }, clock }, () =>
      clock.advance(3_600_000),
    );
    expect(states.during.length).toBeGreaterThan(30);
    expect(states.during.length).toBeLessThanOrEqual(64);
    const seconds = states.during.map(({ temperatureC }) => temperatureC ?? 0);
    expect(Math.min(...seconds)).toBe(1);
    expect(Math.max(...seconds)).toBeGreaterThan(3_300);
  });

  it('is labelled with the memory of its own device, by name', async () => {
    const readState = async () => ({ ...QUIET, freeMemoryBytes: 1_048_576, hostFreeMemoryBytes: 8e9 });
    const watch = { deviceName: 'lab/gpu0', readState, limits: SETTINGS.limits, clock: new VirtualClock() };
    const { states } = await watched(watch, async () => 42);
    expect(states.warnings).toEqual([{ gate: 'low-memory', why: '1 MiB of the memory of lab/gpu0 are free (limit 256 MiB)' }]);
  });

  it('goes on when a sensor fails meanwhile', async () => {
    const clock = new VirtualClock();
    let reads = 0;
    const readState = async () => {
      if (reads++ === 1) throw new Error('driver gone');
      return QUIET;
    };
    const { states } = await watched({ deviceName: 'lab/gpu0', readState, limits: SETTINGS.limits, clock }, () => clock.advance(8_000));
    expect(states.during).toHaveLength(1);
  });

  it.each([0, 1])('keeps its result when the sensors fail before (%s) or after', async (failing) => {
    const clock = new VirtualClock();
    let reads = 0;
    const readState = async () => {
      if (reads++ === failing) throw new Error('driver gone');
      return QUIET;
    };
    const { result, states } = await watched({ deviceName: 'lab/gpu0', readState, limits: SETTINGS.limits, clock }, async () => 42);
    expect([result, states.warnings]).toEqual([42, []]);
    const [unknown, known] = failing === 0 ? [states.before, states.after] : [states.after, states.before];
    expect(known).toEqual(QUIET);
    expect(deviceStateSchema.parse(unknown)).toMatchObject({
      temperatureC: null,
      powerSource: 'unknown',
      unknown: { temperatureC: 'not-probed: driver gone' },
    });
  });

  it('asks programs before and after, never meanwhile', async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const readState = async (tools: string) => {
      asked.push(tools);
      return QUIET;
    };
    await watched({ deviceName: 'lab/gpu0', readState, limits: SETTINGS.limits, clock }, () => clock.advance(7_000));
    expect(asked).toEqual(['fresh', 'none', 'none', 'fresh']);
  });
});
