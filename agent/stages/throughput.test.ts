import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { CPU_EP, type Tier } from '../../domain/names.ts';
import type { ChildStage } from '../runner/child-entry.ts';
import type { TaskContext } from '../runner/stage.ts';
import { stageContext } from '../runner/task-context.cases.ts';
import { comparedBenchmark } from './benchmark.cases.ts';
import { measureThroughput } from './throughput.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-throughput-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function throughput(tier: Tier, stage: ChildStage, emulated = false) {
  const value = comparedBenchmark({ ep: CPU_EP, referenceFiles: {} });
  const context = await stageContext({ folder, stages: { throughput: stage }, grants: () => [] });
  const device = { name: 'lab/cpu0', profile: { emulated } as TaskContext['device']['profile'] };
  return measureThroughput({ ...value, spec: { ...value.spec, tier } }, { ...context, device });
}

const COUNTED = { streams: 2, perSecond: 100, runs: 200, durationMs: 2_000 };
const counted: ChildStage = async () => COUNTED;

it('measures it for the tiers that have time, and not on emulators', async () => {
  expect(await throughput('standard', counted)).toEqual(COUNTED);
  expect(await throughput('smoke', counted)).toBeUndefined();
  expect(await throughput('ranked', counted, true)).toBeUndefined();
});

it('costs the figure only when the provider cannot run several at a time', async () => {
  const refuse: ChildStage = async () => {
    throw new GroveError('inference-failed', { ep: CPU_EP, problem: 'one at a time' });
  };
  expect(await throughput('standard', refuse)).toBeUndefined();
});
