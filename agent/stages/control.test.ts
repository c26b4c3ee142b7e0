import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { CPU_EP, type Tier } from '../../domain/names.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { ChildStage } from '../runner/child-entry.ts';
import type { TaskContext } from '../runner/stage.ts';
import { stageContext } from '../runner/task-context.cases.ts';
import { comparedBenchmark } from './benchmark.cases.ts';
import { controlOf } from './control.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-control-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Setting {
  readonly tier?: Tier;
  readonly driver?: string;
  readonly emulated?: boolean;
  readonly launch?: ChildStage;
  readonly ep?: ExecutionProvider;
  /** Of the eight products. */
  readonly elsewhere?: number;
}

let launches = 0;
const launched: ChildStage = async () => {
  launches += 1;
  const p50Ms = 5 + 0.1 * (launches % 3);
  return {
    report: {
      ...{
        index: 0,
        createMs: 1,
        firstInferenceMs: 1,
        warmup: { runs: 10, durationMs: 1, stable: true },
        sampleCount: 64,
        samplesPath: 's',
      },
      ...{ p50Ms, meanMs: p50Ms, minMs: 1, maxMs: 9, p90Ms: 6, p99Ms: null, rssPeakBytes: 1 },
    },
    runtime: { adapter: 'ort-native', ortVersion: '1.30.0', ortLibraryDigest: 'f'.repeat(64), node: '20' },
    ...{ inputShapes: {}, rowsPerRun: 1, session: {}, olive: {} },
  };
};

/** The next benchmark on the device, in a scratch folder of its own. */
async function control({ tier = 'standard', driver = '1', emulated = false, launch = launched, ep = CPU_EP, elsewhere = 0 }: Setting = {}) {
  await rm(join(folder, 'work'), { recursive: true, force: true });
  await mkdir(join(folder, 'work'));
  const value = comparedBenchmark({ ep, referenceFiles: {} });
  const profile: ChildStage = async () => ({
    placement: { byEp: {}, heavyNodes: 8, heavyNodesElsewhere: elsewhere, fellBack: elsewhere > 0, partial: false, elsewhere: [] },
    profilePath: 'p',
  });
  const context = await stageContext({ folder, stages: { launch, profile }, grants: () => [] });
  const deviceProfile = { driver, firmware: null, ortVersion: '1', ortLibraryDigest: 'f', eps: [], emulated } as Partial<
    TaskContext['device']['profile']
  >;
  const device = { name: 'lab/cpu0', profile: deviceProfile as TaskContext['device']['profile'] };
  const host = { osBuild: '1', bios: null } as TaskContext['host'];
  launches = 0;
  return controlOf({ ...value, spec: { ...value.spec, tier } }, { ...context, device, host });
}

it('measures five launches once a day, and again after a change of the environment', async () => {
  expect(await control()).toMatchObject({ runs: 1, drift: null, pool: { degreesOfFreedom: 4 } });
  expect(launches).toBe(5);
  expect(await control()).toMatchObject({ runs: 1 });
  expect(launches).toBe(0);
  expect(await control({ driver: '2' })).toMatchObject({ runs: 1 });
  expect(launches).toBe(5);
});

it('measures nothing for the smoke tier, which uses what there is', async () => {
  expect(await control({ tier: 'smoke' })).toBeNull();
  await control();
  expect(await control({ tier: 'smoke' })).toMatchObject({ runs: 1 });
});

it('leaves emulators and providers that cannot run it without one', async () => {
  expect(await control({ emulated: true })).toBeNull();
  const refuse: ChildStage = async () => {
    throw new GroveError('session-failed', { ep: CPU_EP, problem: 'no float32' });
  };
  expect(await control({ launch: refuse })).toBeNull();
});

it('leaves a provider without one that hands a product to another, whatever was known of it', async () => {
  const ep = 'QNNExecutionProvider';
  expect(await control({ ep })).toMatchObject({ runs: 1 });
  expect(launches).toBe(5);
  expect(await control({ ep, driver: '2', elsewhere: 8 })).toBeNull();
  expect(launches).toBe(0);
});
