import type { FileMap } from '../../domain/manifest.ts';
import { catalogueText } from '../../domain/recipe/recipe.cases.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { benchmarkSpecOf } from '../../test/farm/jobs.ts';
import { reportOf } from '../../test/farm/results.ts';
import type { BenchmarkCompared } from './benchmark-values.ts';
import { readRecipe } from './read-recipe.ts';

/** A recipe of the catalogue by its label, as an agent reads it. */
export function catalogueRecipe(label: string, task: string | null = null): Recipe {
  return readRecipe({ recipeId: label, digest: '0'.repeat(64), text: catalogueText(label) }, task);
}

/** What a test says of a benchmark; the rest is plain. */
export interface BenchmarkFacts {
  readonly recipe?: Recipe;
  readonly ep: string;
  readonly referenceFiles: FileMap;
  readonly modelFiles?: FileMap;
  /** Where the Reference lies; nobody has made the default. */
  readonly referenceFolder?: string;
}

const QUIET = { temperatureC: 40, utilization: 0, freeMemoryBytes: null, powerSource: 'ac', powerMode: 'performance' } as const;
const STATES = { before: QUIET, during: [], after: QUIET, warnings: [] };

/** A benchmark of the TensorRT-RTX recipe up to the comparison with its Reference, in folders nobody has made. */
export function comparedBenchmark({
  recipe = catalogueRecipe('trtrtx'),
  ep,
  referenceFiles,
  modelFiles = {},
  referenceFolder = '/r',
}: BenchmarkFacts): BenchmarkCompared {
  if (!isExecutionProvider(ep)) throw new Error(`${ep} is no execution provider`);
  const { olive, placement, p50Ms, verdict, throughputPerSecond } = reportOf();
  return {
    spec: benchmarkSpecOf(),
    conversion: {
      artifact: { schemaVersion: 1, files: modelFiles },
      reference: { schemaVersion: 1, key: 'b'.repeat(64), files: referenceFiles },
    },
    ...{ recipe, modelFolder: '/m', referenceFolder },
    session: { modelPath: '/m/model.onnx', ep, epOptions: {}, settings: {} },
    plainSession: { modelPath: '/m/model.onnx', ep, epOptions: {}, settings: {} },
    compiled: null,
    ...{
      launches: [],
      summary: { p50Ms, verdict, throughputPerSecond },
      olive,
      control: null,
      samplesFolder: '/s',
      deviceStates: STATES,
      placement,
      profilePath: '/p',
    },
    ...{ quality: { state: 'not-measured', why: '' }, accuracy: [] },
  };
}
