import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../graph/model.ts';
import { writeModelFile } from '../onnx/write.ts';
import { makeReference, referenceRequestSchema } from '../quality/make-reference.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { loadOrtNode } from '../runtime/ort-node.ts';
import { embeddingModel, linearModel } from '../runtime/small-models.cases.ts';
import { launchRequestSchema, launchResultSchema, runLaunch } from './run-launch.ts';
import { profilingRequestSchema, profilingResultSchema, runProfilingLaunch } from './run-profiling-launch.ts';
import { summarizeLaunches } from './summary.ts';

const EP = 'CPUExecutionProvider';
const GENERATED = { kind: 'generated', seed: 1, dims: { sequence_length: 8 }, integerBelow: 16 } as const;
/** Long enough to exercise every phase, short enough for a test. */
const PLAN = { warmup: { minRuns: 10, minMs: 10, maxMs: 200 }, measure: { minRuns: 700, minMs: 0, maxMs: 20_000 } };

let runtime: InferenceRuntime;
let folder: string;
beforeAll(async () => {
  runtime = await loadOrtNode();
  folder = await mkdtemp(join(tmpdir(), 'grove-launch-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function workspace(model: Model): Promise<{ modelPath: string; outputFolder: string }> {
  const outputFolder = await mkdtemp(join(folder, 'attempt-'));
  const { modelPath } = await writeModelFile(model, join(outputFolder, 'model.onnx'));
  return { modelPath, outputFolder };
}

/** What the parent sends is JSON, so is what comes back. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('runLaunch', () => {
  it('reports every phase of one process and keeps the raw samples', async () => {
    const { modelPath, outputFolder } = await workspace(embeddingModel());
    const metric = { name: 'latency', type: 'latency', subTypes: ['avg', 'p90'], warmupCount: 2, repeatCount: 3, sleepMs: 0, batchSize: 1 };
    const session = { modelPath, ep: EP, settings: { intraOpThreads: 1, config: { 'session.intra_op.allow_spinning': '0' } } };
    const request = launchRequestSchema.parse(
      throughJson({ index: 3, session, inputs: GENERATED, plan: PLAN, oliveMetrics: [metric], outputFolder }),
    );
    const result = launchResultSchema.parse(throughJson(await runLaunch(request, runtime)));

    const raw = await readFile(join(outputFolder, result.report.samplesPath));
    expect(raw.length).toBe(8 * 700);
    expect(result.report).toMatchObject({ index: 3, sampleCount: 700, samplesPath: 'launch-3.f64' });
    expect(result.report.p99Ms).not.toBeNull();
    const samples = Array.from({ length: 700 }, (_, i) => raw.readDoubleLE(8 * i));
    expect(Math.min(...samples)).toBe(result.report.minMs);
    expect(result.report.warmup.runs).toBeGreaterThanOrEqual(20);
    expect(result.report.rssPeakBytes).toBeGreaterThan(10e6);
    expect(Math.min(...Object.values(result.report.noise ?? {}))).toBeGreaterThan(0);
    expect(result.inputShapes).toEqual({ input_ids: [1, 8], attention_mask: [1, 8] });
    expect(result.session).toEqual({ ep: EP, intraOpThreads: 1, 'config.session.intra_op.allow_spinning': '0' });
    expect(Object.keys(result.olive)).toEqual(['latency-avg', 'latency-p90']);
    expect(summarizeLaunches([result], { tier: 'smoke', elapsedMs: 1 })).toMatchObject({ verdict: 'insufficient', p50Ms: { low: null } });
  });
});

describe('runProfilingLaunch', () => {
  it('proves that every node ran on the CPU provider', async () => {
    const { modelPath, outputFolder } = await workspace(linearModel());
    const inputs = { kind: 'generated', seed: 1 };
    const request = profilingRequestSchema.parse({ session: { modelPath, ep: EP }, inputs, outputFolder });
    const { placement, profilePath } = profilingResultSchema.parse(throughJson(await runProfilingLaunch(request, runtime)));
    expect(placement).toEqual({
      byEp: { [EP]: { nodes: 2, timeShare: 1 } },
      heavyNodes: 1,
      heavyNodesElsewhere: 0,
      fellBack: false,
      partial: false,
      elsewhere: [],
    });
    expect(await readdir(join(outputFolder, 'profile'))).toEqual([profilePath.split('/')[1]]);
  });
});

describe('a launch on a Reference', () => {
  async function reference(model: Model): Promise<string> {
    const { modelPath, outputFolder } = await workspace(model);
    const referenceFolder = join(outputFolder, 'reference');
    await mkdir(referenceFolder);
    await makeReference(
      referenceRequestSchema.parse(throughJson({ modelPath, inputs: GENERATED, outputFolder: referenceFolder })),
      runtime,
    );
    return referenceFolder;
  }

  it('measures its inputs', async () => {
    const inputs = { kind: 'reference', folder: await reference(embeddingModel()) };
    const { modelPath, outputFolder } = await workspace(embeddingModel(16, 4, [1, 8]));
    const plan = { ...PLAN, measure: { minRuns: 5, minMs: 0, maxMs: 1000 } };
    const result = await runLaunch(
      launchRequestSchema.parse({ index: 0, session: { modelPath, ep: EP }, inputs, plan, outputFolder }),
      runtime,
    );
    expect(result.inputShapes).toEqual({ input_ids: [1, 8], attention_mask: [1, 8] });
  });
});
