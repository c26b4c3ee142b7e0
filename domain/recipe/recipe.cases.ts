import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Json, Sha256 } from '../json.ts';
import { type ParsedRecipe, parseRecipe } from './parse-recipe.ts';
import type { JsonObject } from './recipe.ts';

/** SHA-256 for tests. */
export const sha256: Sha256 = (data) => createHash('sha256').update(data).digest('hex');

/** The smallest recipe that is valid, with members replaced or added. */
export function minimalDocument(changes: JsonObject = {}): JsonObject {
  return {
    input_model: { type: 'HfModel', model_path: 'some/model', task: 'feature-extraction' },
    passes: { conversion: { type: 'OnnxConversion', target_opset: 17 } },
    ...changes,
  };
}

/** Parses a document as a file of that content would be. */
export function parse(document: Json, name = 'test.json'): ParsedRecipe {
  return parseRecipe(JSON.stringify(document), { name, sha256 });
}

/** Text of a recipe of the catalogue by its label: `trtrtx`. */
export function catalogueText(label: string): string {
  const folder = new URL('../../recipes/ms-marco-MiniLM-L-6-v2/', import.meta.url);
  return readFileSync(new URL(`ms-marco-MiniLM-L-6-v2_${label}.json`, folder), 'utf8');
}

/** Labels of the MiniLM recipes. */
export const LABELS = ['qdq_amd', 'qdq_qnn', 'context_ov_static', 'trtrtx', 'dml'] as const;
