import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { writeExportFacts } from '../../engine/quality/export-facts.ts';
import type { ChildStage } from '../runner/child-entry.ts';
import { TaskStopped } from '../runner/stop-reason.ts';
import { stageContext } from '../runner/task-context.cases.ts';
import { measureBaseline, needsExport } from './baseline.ts';
import { catalogueRecipe, comparedBenchmark } from './benchmark.cases.ts';

const EXPORT = { 'export/model.onnx': { sha256: 'a'.repeat(64), sizeBytes: 1_000 } };
const GPU = 'DmlExecutionProvider';

let folder: string;
let asked: { readonly stage: string; readonly request: unknown }[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-baseline-'));
  await mkdir(join(folder, 'work'));
  asked = [];
});
afterEach(() => rm(folder, { recursive: true }));

function answering(stage: string, answer: () => unknown): ChildStage {
  return async (request) => {
    asked.push({ stage, request });
    return answer();
  };
}

interface Setting {
  readonly ep?: string;
  readonly files?: Readonly<Record<string, { sha256: string; sizeBytes: number }>>;
  readonly recipe?: Recipe;
  readonly launch?: () => unknown;
  readonly fellBack?: boolean;
  readonly signal?: AbortSignal;
  /** What the Reference says of its export; null: nothing. */
  readonly lowPrecision?: readonly string[] | null;
}

async function baseline(setting: Setting) {
  const { ep = CPU_EP, files = EXPORT, recipe, launch = measuredLaunch, fellBack = false, signal, lowPrecision = [] } = setting;
  if (lowPrecision !== null) await writeExportFacts(folder, { lowPrecision: [...lowPrecision] });
  const value = comparedBenchmark({ ep, referenceFiles: files, referenceFolder: folder, ...(recipe && { recipe }) });
  const placement = { byEp: {}, heavyNodes: 8, heavyNodesElsewhere: fellBack ? 8 : 0, fellBack, partial: false, elsewhere: [] };
  const stages = {
    launch: answering('launch', launch),
    profile: answering('profile', () => ({ placement, profilePath: 'p.json' })),
  };
  const context = await stageContext({ folder, stages, grants: () => [], ...(signal && { signal }) });
  return (await measureBaseline(value, context)).baseline;
}

function measuredLaunch() {
  return {
    report: {
      ...{ index: 0, createMs: 1, firstInferenceMs: 1, warmup: { runs: 1, durationMs: 1, stable: true }, sampleCount: 1, samplesPath: 's' },
      ...{ p50Ms: 20, meanMs: 20, minMs: 20, maxMs: 20, p90Ms: 20, p99Ms: null, rssPeakBytes: 1 },
    },
    runtime: { adapter: 'ort-node', ortVersion: '1.30.0', ortLibraryDigest: 'f'.repeat(64), node: '20' },
    inputShapes: {},
    rowsPerRun: 1,
    session: {},
    olive: { 'latency-avg': { value: 20, unit: 'ms' } },
  };
}

describe('the baseline of relative goals', () => {
  it('is the export, measured like the model, with the metrics that have such a goal', async () => {
    expect(await baseline({})).toEqual({ olive: { 'latency-avg': { value: 20, unit: 'ms' } }, why: '', isFloat32: true });
    expect(asked).toMatchObject([
      {
        stage: 'launch',
        request: {
          session: { modelPath: join(folder, 'export', 'model.onnx'), ep: CPU_EP, epOptions: {}, settings: {} },
          inputs: { kind: 'reference', folder },
          oliveMetrics: [{ name: 'latency' }],
          plan: { measure: { minRuns: 64 } },
        },
      },
    ]);
  });

  it('is proven to run where it says on another execution provider', async () => {
    expect((await baseline({ ep: GPU })).why).toBe('');
    expect(asked.map(({ stage }) => stage)).toEqual(['profile', 'launch']);
  });

  it('is none when its heavy nodes fell back: that would be another device', async () => {
    const found = await baseline({ ep: GPU, fellBack: true });
    expect(found).toEqual({ olive: {}, why: "8 of the fp32 export's 8 heavy nodes ran off DmlExecutionProvider", isFloat32: true });
    expect(asked.map(({ stage }) => stage)).toEqual(['profile']);
  });

  it('fails no task, whatever the export does', async () => {
    const crash = () => {
      throw new GroveError('child-crashed', { stage: 'launch', how: 'signal SIGSEGV' });
    };
    expect(await baseline({ launch: crash })).toEqual({
      olive: {},
      why: expect.stringMatching(/did not run on CPU.*SIGSEGV/),
      isFloat32: true,
    });
  });

  it('stops with the task', async () => {
    const controller = new AbortController();
    const stop = () => {
      controller.abort(new TaskStopped('cancelled', 'by a person'));
      throw new GroveError('child-crashed', { stage: 'launch', how: 'killed' });
    };
    await expect(baseline({ launch: stop, signal: controller.signal })).rejects.toThrow('by a person');
  });

  it('says that the conversion kept no export, or that there is no data', async () => {
    expect((await baseline({ files: {} })).why).toMatch(/export was not kept/);
    expect(asked).toEqual([]);
  });

  it.each([
    [['float16'], /no float32 baseline: it has float16/],
    [['uint8 x int8', 'float16'], /it has uint8 x int8, float16/],
    [null, /does not say/],
  ])('is none when the export has %s', async (lowPrecision, why) => {
    expect(await baseline({ lowPrecision })).toEqual({ olive: {}, why: expect.stringMatching(why), isFloat32: false });
    expect(asked).toEqual([]);
  });

  it('is not measured for a recipe without relative goals', async () => {
    const recipe = catalogueRecipe('context_ov_static');
    expect(await baseline({ recipe })).toEqual({ olive: {}, why: '', isFloat32: true });
    expect(asked).toEqual([]);
    expect([needsExport(recipe), needsExport(catalogueRecipe('trtrtx'))]).toEqual([false, true]);
  });
});
