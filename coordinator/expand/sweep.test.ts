import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { type JobModel, type JobSpec, MAX_JOB_TASKS } from '../../domain/job.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { minimalDocument } from '../../domain/recipe/recipe.cases.ts';
import { parseSelector } from '../../domain/selector/parse.ts';
import type { RecipeRef } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import type { AgentRecord } from '../store/task-store.ts';
import { expand } from './expand.ts';

const POOLS = ['day', 'night'];

/** Machines of two CPU models in two pools. */
function fleetOf(size: number): readonly AgentRecord[] {
  return Array.from({ length: size }, (_, index) =>
    agentOf(`lab-${index}`, [
      deviceOf(`lab-${index}/cpu0`, { model: `CPU ${index % 2}`, driver: `${index}.0`, labels: { pool: POOLS[index % 2] ?? '' } }),
    ]),
  );
}

function recipeOf(index: number): RecipeRef {
  const fixed = { type: 'DynamicToFixedShape', dim_param: ['batch_size'], dim_value: [1 + index] };
  const passes = { conversion: { type: 'OnnxConversion', target_opset: 17 }, fixed };
  const text = JSON.stringify(minimalDocument({ passes }));
  const recipeId = `m/${index}.json`;
  return { recipeId, text, digest: parseRecipe(text, { name: recipeId, sha256 }).recipe.digest };
}

function modelOf(index: number): JobModel {
  const files = { 'config.json': { sha256: index.toString(16).padStart(64, '0'), sizeBytes: 2 } };
  return { source: { kind: 'uploaded', files, origin: { kind: 'local' } }, synthetic: false };
}

interface Axes {
  readonly recipes: number;
  readonly models: number;
  readonly selectors?: readonly string[];
}

function sweep({ recipes, models, selectors = [] }: Axes, agents: readonly AgentRecord[], change: Partial<JobSpec> = {}) {
  const all = Array.from({ length: models }, (_, index) => modelOf(index));
  const spec = jobSpecOf({
    recipes: Array.from({ length: recipes }, (_, index) => recipeOf(index)),
    ...all[0],
    substituteEp: 'cpu',
    coverage: 'each-device',
    sweep: { models: all, selectors: selectors.map((text) => parseSelector(text)) },
    ...change,
  });
  return expand({ jobId: 'j-1', spec, agents, catalogue: { recipes: [] }, imported: [], sha256 });
}

function kindsOf({ tasks }: ReturnType<typeof expand>) {
  const of = (kind: string) => tasks.filter((task) => task.spec.kind === kind);
  return { conversions: of('convert'), benchmarks: of('benchmark') };
}

describe('a sweep', () => {
  it('has the product of its axes, each conversion once, and distinct ids', () => {
    const axes = fc.record({
      recipes: fc.integer({ min: 1, max: 4 }),
      models: fc.integer({ min: 1, max: 4 }),
      devices: fc.integer({ min: 2, max: 6 }),
    });
    fc.assert(
      fc.property(axes, ({ devices, ...sizes }) => {
        const { conversions, benchmarks } = kindsOf(sweep({ ...sizes, selectors: ['pool=day', 'pool=night'] }, fleetOf(devices)));
        expect([conversions.length, benchmarks.length]).toEqual([sizes.recipes * sizes.models, sizes.recipes * sizes.models * devices]);
        expect(new Set([...conversions, ...benchmarks].map(({ taskId }) => taskId)).size).toBe(conversions.length + benchmarks.length);
      }),
      { numRuns: 40 },
    );
  });

  it('measures a device once that several selectors choose', () => {
    const { benchmarks } = kindsOf(sweep({ recipes: 1, models: 1, selectors: ['pool=day', 'driver>=0'] }, fleetOf(4)));
    expect(benchmarks.map(({ requirement }) => requirement.unit)).toEqual(['lab-0/cpu0', 'lab-2/cpu0', 'lab-1/cpu0', 'lab-3/cpu0']);
  });

  it('puts conditions of the job and of the selector into one requirement', () => {
    const change = { coverage: 'any', where: parseSelector('driver>=1') } as const;
    const { benchmarks } = kindsOf(sweep({ recipes: 1, models: 1, selectors: ['pool=night', 'os=linux'] }, fleetOf(4), change));
    expect(benchmarks.map(({ requirement: { labels, where } }) => [labels, where])).toEqual([
      [{ pool: 'night' }, parseSelector('driver>=1')],
      [{}, parseSelector('driver>=1; os=linux')],
    ]);
  });

  it('refuses a selector that chooses no device for any recipe, with the reasons', () => {
    expect(() => sweep({ recipes: 2, models: 1, selectors: ['pool=day', 'pool=nihgt'] }, fleetOf(2))).toThrow(
      /label.pool=nihgt.*lab-0\/cpu0 has label pool=day, not nihgt/s,
    );
  });

  it('keeps the model of each task apart', () => {
    const { benchmarks } = kindsOf(sweep({ recipes: 1, models: 3 }, fleetOf(1)));
    const models = benchmarks.map(({ spec }) => (spec.kind === 'benchmark' ? spec.modelId : ''));
    expect(new Set(models).size).toBe(3);
  });

  it('may have ten thousand tasks and not more', () => {
    const sizes = { recipes: 10, models: 10 };
    expect(sweep(sizes, fleetOf(99)).tasks).toHaveLength(MAX_JOB_TASKS);
    expect(() => sweep(sizes, fleetOf(100))).toThrow(GroveError);
    expect(() => sweep(sizes, fleetOf(100))).toThrow(/more than 10000 tasks/);
  });
});
