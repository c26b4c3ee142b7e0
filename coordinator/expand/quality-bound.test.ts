import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CatalogueFile, loadCatalogue } from '../../domain/recipe/catalogue.ts';
import { catalogueText, LABELS, minimalDocument, parse } from '../../domain/recipe/recipe.cases.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
import { sha256 } from '../../platform/sha256.ts';
import { qualityBoundOf } from './quality-bound.ts';

const FOLDER = 'ms-marco-MiniLM-L-6-v2';
const FILES: readonly CatalogueFile[] = [
  { path: `${FOLDER}/model.json`, text: readFileSync(new URL(`../../recipes/${FOLDER}/model.json`, import.meta.url), 'utf8') },
  ...LABELS.map((label) => ({ path: `${FOLDER}/${FOLDER}_${label}.json`, text: catalogueText(label) })),
];
const CATALOGUE = loadCatalogue(FILES, sha256);

function boundOf(passes: JsonObject, { recipeId = 'adhoc:1', asked }: { readonly recipeId?: string; readonly asked?: number } = {}) {
  const { recipe } = parse(minimalDocument({ passes }));
  return qualityBoundOf({ recipeId, recipe, asked }, CATALOGUE);
}

const conversion = { type: 'OnnxConversion' };

describe('the quality bound', () => {
  it.each<[string, JsonObject, number]>([
    ['fp32', { conversion }, 0.99],
    ['fp16', { conversion, half: { type: 'OnnxFloatToFloat16' } }, 0.99],
    ['a model only prepared for quantisation', { conversion, prepare: { type: 'OnnxQuantizationPreprocess' } }, 0.99],
    ['static QDQ', { conversion, q: { type: 'OnnxStaticQuantization' } }, 0.95],
    ['dynamic int8', { conversion, q: { type: 'OnnxDynamicQuantization' } }, 0.95],
    ['int8 by NNCF', { conversion, q: { type: 'OpenVINOQuantization' } }, 0.95],
    ['compressed weights', { conversion, q: { type: 'OpenVINOWeightCompression' } }, 0.95],
    ['4-bit weights', { conversion, q: { type: 'OnnxMatMul4Quantizer' } }, 0.95],
  ])('of %s is a default and says so', (_, passes, min) => {
    expect(boundOf(passes)).toEqual({ metric: 'cosine', min, isDefault: true });
  });

  it("is the catalogue's for its recipes, and the submitter's before both", () => {
    const recipeId = `${FOLDER}/${FOLDER}_trtrtx.json`;
    expect(boundOf({ conversion }, { recipeId })).toEqual({ metric: 'cosine', min: 0.999, isDefault: false });
    expect(boundOf({ conversion }, { recipeId, asked: 0.5 })).toEqual({ metric: 'cosine', min: 0.5, isDefault: false, asked: true });
  });
});
