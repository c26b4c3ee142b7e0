import { describe, expect, it } from 'vitest';
import { deviceStateSchema } from '../../../domain/device.ts';
import { VirtualClock } from '../../virtual-clock.cases.ts';
import { type Fixture, FORBIDDEN, fixtureMachine } from '../fixture.ts';
import { deviceOf, GPU, NPU } from './device.cases.ts';
import { StateReader } from './state-reader.ts';

const CPU = 'sys/devices/system/cpu';
const LAPTOP: Fixture['files'] = {
  'proc/loadavg': '0.00 0.10 0.20 1/500 1234\n',
  'proc/meminfo': 'MemTotal:       32000000 kB\nMemAvailable:   16000000 kB\n',
  'proc/pressure/cpu': 'some avg10=12.50 avg60=0.00 avg300=0.00 total=1\n',
  'proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n',
  'proc/pressure/io': 'some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n',
  'sys/class/power_supply/ACAD/type': 'Mains\n',
  'sys/class/power_supply/ACAD/online': '0\n',
  'sys/class/power_supply/BAT0/type': 'Battery\n',
  'sys/class/power_supply/BAT0/status': 'Discharging\n',
  'sys/firmware/acpi/platform_profile': 'balanced\n',
  [`${CPU}/cpu0/cpufreq/scaling_governor`]: 'powersave\n',
  [`${CPU}/cpu0/cpufreq/energy_performance_preference`]: 'balance_performance\n',
  [`${CPU}/cpu0/cpufreq/scaling_cur_freq`]: '1800000\n',
  [`${CPU}/cpu1/cpufreq/scaling_cur_freq`]: '4200000\n',
  [`${CPU}/cpu0/cpufreq/cpuinfo_max_freq`]: '5100000\n',
  [`${CPU}/cpu0/thermal_throttle/core_throttle_count`]: '3\n',
  [`${CPU}/cpu1/thermal_throttle/core_throttle_count`]: '4\n',
  [`${CPU}/cpu0/thermal_throttle/package_throttle_count`]: '2\n',
  [`${CPU}/cpu1/thermal_throttle/package_throttle_count`]: '2\n',
  'sys/class/hwmon/hwmon0/name': 'nvme\n',
  'sys/class/hwmon/hwmon0/temp1_input': '81000\n',
  'sys/class/hwmon/hwmon1/name': 'k10temp\n',
  'sys/class/hwmon/hwmon1/temp1_input': '55250\n',
  'sys/class/thermal/thermal_zone0/temp': '48500\n',
  'sys/class/thermal/thermal_zone1/temp': '-274000\n',
};

const without = (files: Fixture['files'], pattern: RegExp) =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !pattern.test(path)));

function readerOf(files: Fixture['files'], change: Partial<Pick<Fixture, 'platform' | 'answers'>> = {}) {
  const [clock, answers] = [new VirtualClock(), { ...change.answers }];
  const machine = fixtureMachine({ platform: 'linux', arch: 'x64', files, ...change, answers });
  return { clock, answers, files, reader: new StateReader({ machine, clock, ownPid: 100 }) };
}

async function stateOf(files: Fixture['files'], change: Partial<Pick<Fixture, 'platform' | 'answers'>> = {}) {
  const state = await readerOf(files, change).reader.readOne(deviceOf('cpu'), 'fresh');
  expect(deviceStateSchema.parse(state)).toEqual(state);
  return state;
}

describe('the state of a Linux machine', () => {
  it('is read from /sys and /proc, its sensors by what they sit in', async () => {
    expect(await stateOf(LAPTOP)).toMatchObject({
      ...{ temperatureC: 55.25, powerSource: 'battery', powerMode: 'balanced', governor: 'powersave, balance_performance', utilization: 0 },
      ...{ clockMHz: { current: 4_200, max: 5_100 }, throttleCount: 9, freeMemoryBytes: 16_384_000_000 },
      pressure: { cpu: 0.125, memory: 0, io: 0.01 },
      virtualMachine: false,
    });
  });

  it('falls back to thermal zones, leaving nonsense out', async () => {
    expect((await stateOf(without(LAPTOP, /hwmon/))).temperatureC).toBe(48.5);
  });

  it('tells of boost that is off and of a governor where there is no profile', async () => {
    const files = { ...without(LAPTOP, /platform_profile/), [`${CPU}/cpufreq/boost`]: '0\n' };
    expect(await stateOf(files)).toMatchObject({ powerMode: 'powersave', governor: 'powersave, balance_performance, no boost' });
  });

  it('takes the battery of a mouse for nothing', async () => {
    const mouse = { 'sys/class/power_supply/hidpp/type': 'Battery', 'sys/class/power_supply/hidpp/scope': 'Device' };
    const files = { ...without(LAPTOP, /power_supply/), ...mouse, 'sys/class/power_supply/hidpp/status': 'Discharging' };
    expect((await stateOf(files)).powerSource).toBe('unknown');
  });

  it('guesses nothing that the machine does not tell, and says why', async () => {
    const files = { 'proc/pressure/cpu': FORBIDDEN };
    expect(await stateOf(files)).toMatchObject({
      ...{ temperatureC: null, powerSource: 'unknown', powerMode: 'unknown', governor: null, clockMHz: null, throttleCount: null },
      unknown: { temperatureC: 'not-present', governor: 'not-present', clockMHz: 'not-present', pressure: 'no-permission' },
    });
  });
});

describe('foreign processes', () => {
  const process = (pid: number, [name, parent]: readonly [string, number], [own, ended]: readonly [number, number]) => ({
    [`proc/${pid}/stat`]: `${pid} (${name}) S ${parent} 1 1 0 -1 0 0 0 0 0 ${own} 0 ${ended} 0 20 0 1 0 5 0 0\n`,
  });
  const at = (busy: number, idle: number, steal = 0): Fixture['files'] => ({
    'proc/stat': `cpu  ${busy} 0 0 ${idle} 0 0 0 ${steal} 0 0\n`,
  });

  it('are everything that was busy less the agent and its descendants, by name only', async () => {
    const before = { ...at(1_000, 1_000), ...process(100, ['grove', 1], [100, 0]), ...process(7, ['apt (x) y', 1], [50, 0]) };
    const after = {
      ...at(1_600, 1_400, 100),
      ...process(100, ['grove', 1], [150, 100]),
      ...process(101, ['child', 100], [150, 0]),
      ...process(102, ['grandchild', 101], [50, 0]),
      ...process(7, ['apt (x) y', 1], [170, 0]),
      ...process(9, ['apt (x) y', 1], [30, 0]),
      ...process(8, ['sleepy', 1], [0, 0]),
    };
    const files: Record<string, string> = { ...before };
    const { clock, reader } = readerOf(files);
    expect(await reader.readOne(deviceOf('cpu'), 'recent')).toMatchObject({ foreign: null, unknown: { foreign: 'first reading' } });
    Object.assign(files, after);
    await clock.advance(10_000);
    const { foreign, stealShare } = await reader.readOne(deviceOf('cpu'), 'recent');
    // 600 of 1,100 ticks were busy, 50 + 100 + 150 + 50 of them ours.
    expect(foreign?.cpuShare).toBeCloseTo(250 / 1_100);
    expect(foreign?.processes).toEqual([{ name: 'apt (x) y', cpuShare: expect.closeTo(150 / 1_100) }]);
    expect(stealShare).toBeCloseTo(100 / 1_100);
  });

  it('are not counted again within seconds', async () => {
    const files: Record<string, string> = { ...at(1_000, 1_000) };
    const { clock, reader } = readerOf(files);
    await reader.readOne(deviceOf('cpu'), 'fresh');
    Object.assign(files, at(2_000, 1_000));
    await clock.advance(1_000);
    expect((await reader.readOne(deviceOf('cpu'), 'fresh')).foreign).toBeNull();
    await clock.advance(5_000);
    expect((await reader.readOne(deviceOf('cpu'), 'fresh')).foreign?.cpuShare).toBe(1);
  });

  it('are seen on the machine this runs on', async () => {
    const { thisMachine } = await import('../machine.ts');
    const clock = new VirtualClock();
    const reader = new StateReader({ machine: thisMachine(), clock, ownPid: globalThis.process.pid });
    const state = await reader.readOne(deviceOf('cpu'), 'fresh');
    expect(deviceStateSchema.parse(state)).toEqual(state);
  });
});

describe('the state of an accelerator', () => {
  it('of Intel comes from its driver, what the machine tells from the machine', async () => {
    const folder = 'sys/class/accel/accel0/device';
    const files = {
      ...LAPTOP,
      [`${folder}/vendor`]: '0x8086',
      [`${folder}/device`]: '0x643e',
      [`${folder}/npu_max_frequency_mhz`]: '1950',
    };
    const state = await readerOf({ ...files, [`${folder}/npu_current_frequency_mhz`]: '1400' }).reader.readOne(NPU, 'recent');
    expect(deviceStateSchema.parse(state)).toMatchObject({
      ...{ clockMHz: { current: 1_400, max: 1_950 }, temperatureC: null, powerSource: 'battery' },
      unknown: { temperatureC: 'not-present' },
    });
  });

  it('of AMD comes from amdgpu', async () => {
    const folder = 'sys/class/drm/card1/device';
    const files = {
      [`${folder}/vendor`]: '0x1002',
      [`${folder}/device`]: '0x150e',
      [`${folder}/gpu_busy_percent`]: '37',
      [`${folder}/mem_info_vram_total`]: '1000',
      [`${folder}/mem_info_vram_used`]: '400',
      [`${folder}/pp_dpm_sclk`]: '0: 600Mhz\n1: 1100Mhz *\n2: 2900Mhz\n',
      [`${folder}/hwmon/hwmon4/temp1_input`]: '61000',
    };
    const device = deviceOf('gpu', { pciVendorId: '1002', pciDeviceId: '150e' });
    expect(await readerOf(files).reader.readOne(device, 'recent')).toMatchObject({
      ...{ temperatureC: 61, utilization: 0.37, freeMemoryBytes: 600, clockMHz: { current: 1_100, max: 2_900 } },
    });
  });

  const NVIDIA = '0x233010DE, 45, 12, 40000, 1755, 1980, 0x0000000000000024';

  it('of NVIDIA comes from nvidia-smi, with what slows it down', async () => {
    expect(await readerOf({}, { answers: { 'nvidia-state': NVIDIA } }).reader.readOne(GPU, 'recent')).toMatchObject({
      ...{
        temperatureC: 45,
        utilization: 0.12,
        freeMemoryBytes: 40_000 * 1_048_576,
        hostFreeMemoryBytes: expect.any(Number),
        clockMHz: { current: 1_755, max: 1_980 },
      },
      throttleReasons: ['power cap', 'heat (software)'],
    });
  });

  it('asks an older driver by the older name, and a tool only now and then', async () => {
    const { reader, answers, clock } = readerOf({}, { answers: { 'nvidia-state-before-535': NVIDIA } });
    expect((await reader.readOne(GPU, 'recent')).temperatureC).toBe(45);
    answers['nvidia-state-before-535'] = NVIDIA.replace('45', '80');
    expect((await reader.readOne(GPU, 'recent')).temperatureC).toBe(45);
    expect((await reader.readOne(GPU, 'fresh')).temperatureC).toBe(80);
    await clock.advance(60_000);
    delete answers['nvidia-state-before-535'];
    expect(await reader.readOne(GPU, 'recent')).toMatchObject({
      temperatureC: null,
      unknown: { temperatureC: 'nvidia-smi gave no answer' },
    });
  });

  it('is not asked of a program while a task runs', async () => {
    const { reader, answers } = readerOf({}, { answers: { 'nvidia-state': NVIDIA } });
    await reader.readOne(GPU, 'fresh');
    answers['nvidia-state'] = NVIDIA.replace('45', '80');
    expect(await reader.readOne(GPU, 'none')).toMatchObject({
      ...{ temperatureC: null, throttleReasons: null, unknown: { temperatureC: 'not-probed while a task runs' } },
    });
    // Nor does that look stand for one.
    expect((await reader.readOne(GPU, 'recent')).temperatureC).toBe(45);
  });

  it('of an emulator is the machine behind it', async () => {
    const state = await readerOf(LAPTOP).reader.readOne(deviceOf('npu', { emulated: true }), 'recent');
    expect(state).toMatchObject({ temperatureC: null, powerMode: 'balanced', unknown: { temperatureC: 'emulated' } });
  });
});

it('does not know the free memory of macOS, which counts only unused pages', async () => {
  expect(await stateOf({}, { platform: 'darwin' })).toMatchObject({
    ...{ freeMemoryBytes: null, unknown: { freeMemoryBytes: 'not-probed on darwin' } },
  });
});

describe('the state of a Windows machine', () => {
  const answer = {
    scheme: 'GUID des Energieschemas: 381b4222-f694-41f0-9685-ff5bb260df2e  (Ausbalanciert)',
    overlayAc: 'ded574b5-45a0-4f42-8737-46345c09c238',
    overlayDc: '961cc777-2547-4f9d-8174-7d86181b8a7a',
    battery: [2],
    maxClockMHz: 2_000,
    performancePercent: '171',
    utilityPercent: 12,
    zones: [{ tenthsKelvin: 3_200, passiveLimit: 100 }],
    processes: [
      [0, 0, 'System Idle Process', 9_999],
      [100, 1, 'node.exe', 10],
      [200, 1, 'MsMpEng.exe', 5],
    ],
  };
  const windows = (change: object) => ({
    platform: 'win32' as const,
    answers: { 'windows-state': JSON.stringify({ ...answer, ...change }) },
  });

  it('is read by numbers, not by translated names', async () => {
    expect(await stateOf({}, windows({}))).toMatchObject({
      ...{
        powerSource: 'ac',
        powerMode: 'best performance',
        clockMHz: { current: 3_420, max: 2_000 },
        temperatureC: 46.9,
        utilization: 0.12,
      },
      ...{ throttleReasons: [], governor: null },
    });
    expect(await stateOf({}, windows({ battery: [1] }))).toMatchObject({ powerSource: 'battery', powerMode: 'best power efficiency' });
    expect((await stateOf({}, windows({ scheme: 'a1841308-3541-4fab-bc81-f71556f20b4a' }))).powerMode).toBe('power saver');
    expect((await stateOf({}, windows({ zones: [{ tenthsKelvin: 3_600, passiveLimit: 70 }] }))).throttleReasons).toHaveLength(1);
  });

  it.each([null, 0])('does not take a thermal zone whose limit is %s for a slow machine', async (passiveLimit) => {
    const silent = { tenthsKelvin: 3_000, passiveLimit };
    expect(await stateOf({}, windows({ zones: [silent] }))).toMatchObject({
      ...{ throttleReasons: null, temperatureC: 26.9 },
      unknown: { throttleReasons: 'not-present' },
    });
    expect((await stateOf({}, windows({ zones: [silent, { tenthsKelvin: 3_000, passiveLimit: 100 }] }))).throttleReasons).toEqual([]);
  });

  it('counts what others take between two readings', async () => {
    const { reader, answers, clock } = readerOf({}, windows({}));
    await reader.readOne(deviceOf('cpu'), 'fresh');
    const { availableParallelism } = await import('node:os');
    answers['windows-state'] = JSON.stringify({
      ...answer,
      processes: [
        [100, 1, 'node.exe', 15],
        [200, 1, 'MsMpEng.exe', 10],
      ],
    });
    await clock.advance(10_000);
    const { foreign } = await reader.readOne(deviceOf('cpu'), 'fresh');
    expect(foreign).toEqual({
      cpuShare: 5 / (10 * availableParallelism()),
      processes: [{ name: 'MsMpEng.exe', cpuShare: expect.any(Number) }],
    });
  });

  it('is not asked of PowerShell while a task runs', async () => {
    const { reader } = readerOf({}, windows({ battery: [1] }));
    await reader.readOne(deviceOf('cpu'), 'fresh');
    const why = 'not-probed while a task runs';
    expect(await reader.readOne(deviceOf('cpu'), 'none')).toMatchObject({
      ...{ powerSource: 'unknown', foreign: null, unknown: { temperatureC: why, foreign: why } },
    });
  });

  it('is unknown where PowerShell does not answer, or with nonsense', async () => {
    for (const answers of [{}, { 'windows-state': 'nonsense' }])
      expect(await stateOf({}, { platform: 'win32', answers })).toMatchObject({
        ...{ powerMode: 'unknown', clockMHz: null, unknown: { clockMHz: 'PowerShell gave no answer' } },
      });
  });
});
