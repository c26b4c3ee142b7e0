import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../bench/parity/budgets.ts';
import { type ModelSummary, summarizeModel } from '../../bench/parity/model-summary.ts';
import { type ParityModel, TINY_BERT, tinyCrossEncoder } from '../../bench/parity/models.ts';
import { CALIBRATION_DATA, RECIPE_LABELS, type RecipeLabel, recipeFor } from '../../bench/parity/recipes.ts';
import { compared, readExplanations } from '../../bench/parity/structure.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { parse } from '../../domain/recipe/recipe.cases.ts';
import { convertModel } from '../../engine/convert/convert.ts';
import { readModelFile } from '../../engine/onnx/read.ts';
import { runtime } from '../../engine/passes/passes.cases.ts';
import { writeMinilmArchitecture } from './minilm-architecture.ts';

/** Grove's conversions against summaries of Olive's, which `npm run parity` writes: what CI can say of parity without Python. */

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-parity-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function olives(model: string, label: RecipeLabel): Promise<ModelSummary> {
  return JSON.parse(await readFile(join(import.meta.dirname, 'summaries', `${model}-${label}.json`), 'utf8'));
}

async function groves(model: ParityModel, label: RecipeLabel): Promise<ModelSummary> {
  const { recipe } = parse(JSON.parse(JSON.stringify(await recipeFor(label, model, 'feature-extraction'))));
  const { modelPath } = await convertModel({
    passes: planConversion(recipe).host,
    inputModel: recipe.inputModel,
    source: model.folder,
    outFolder: join(folder, `${model.name}-${label}`),
    exportFolder: null,
    accelerator: recipe.target.accelerator,
    data: { configs: recipe.dataConfigs, rows: { [CALIBRATION_DATA]: { file: model.rows } }, tokenizerFolder: model.folder },
    runtime: await runtime(),
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  return summarizeModel(await readModelFile(modelPath));
}

async function expectParity(model: ParityModel, label: RecipeLabel): Promise<void> {
  const summaries = { olive: await olives(model.name, label), grove: await groves(model, label) };
  const judged = { recipe: label, subject: `${model.name}-${label}-feature-extraction` };
  const { differences, parameters, constants } = compared(judged, summaries, await readExplanations());
  expect(differences.filter(({ because }) => because === undefined)).toEqual([]);
  expect(constants.equal).toBe(constants.total);
  if (parameters === undefined) return;
  expect(parameters.scale.difference).toBeLessThanOrEqual(LIMITS.endToEnd.scale);
  expect(parameters.bias.difference).toBeLessThanOrEqual(LIMITS.endToEnd.bias);
  expect(parameters.zeroPoint.difference).toBeLessThanOrEqual(LIMITS.endToEnd.zeroPoint);
}

describe("the tiny checkpoint's conversion agrees with Olive's in structure, weights, scales and zero points", () => {
  it.each(RECIPE_LABELS)('%s', (label) => expectParity(TINY_BERT, label));
});

const data = process.env.GROVE_TEST_DATA;
if (data) {
  describe("a trained ranker's conversion agrees with Olive's in structure, weights, scales and zero points", () => {
    it.each(RECIPE_LABELS)('%s', async (label) => expectParity(await tinyCrossEncoder(data, folder), label));
  });
}

/** 90 MB of weights to write and to convert, perhaps beside another suite. */
const MINILM_TIMEOUT_MS = 120_000;

describe("a conversion of the MiniLM-L6 architecture has the structure of Olive's", () => {
  it.each(RECIPE_LABELS)(
    '%s',
    async (label) => expectParity(await writeMinilmArchitecture(join(folder, 'minilm')), label),
    MINILM_TIMEOUT_MS,
  );
});
