import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '../../domain/json.ts';
import { REFERENCE_MODEL_FOLDER } from '../../domain/manifest.ts';
import { isDummyData } from '../../domain/recipe/conversion-data.ts';
import type { DataConfig, JsonObject } from '../../domain/recipe/recipe.ts';
import type { ReferenceRequest } from '../../engine/quality/make-reference.ts';
import { CLASSIFICATION } from '../../engine/quality/output-comparison.ts';
import { sha256, sha256File } from '../../platform/sha256.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import { filesBelow } from '../transfer/upload.ts';
import { EXPORT_FOLDER, needsExport } from './baseline.ts';
import { referenceOutcomeSchema } from './child-documents.ts';
import type { Converted, ConvertReferenced, LocalReference } from './convert-values.ts';
import { evaluationDataOf } from './evaluation-data.ts';
import { GENERATED_INPUTS } from './inputs-of.ts';
import { localRows } from './local-rows.ts';

/** Rows of a Reference at most. Hidden states take about 200 kB a row, logits next to nothing; there the time of a slow device is the limit. */
const MAX_ROWS = { states: 256, logits: 4_096 } as const;

/** A slow machine keeps so many of them as fit. */
const MAX_MS = 600_000;

/**
 * Runs the model that the submitter named to compare with, else the export before any later pass, in a process of its own: over the recipe's evaluation data, or for a named model without such data over
 * seeded inputs. No data, or none of its rows: no Reference; the model can be measured all the same. The export itself goes with it when a goal of the recipe is relative to it.
 */
export async function makeReferenceStage(value: Converted, context: TaskContext): Promise<ConvertReferenced> {
  const config = evaluationDataOf(value.recipe);
  const named = namedReference(value);
  const modelPath = named ?? (value.exportFolder === null ? undefined : join(value.exportFolder, 'model.onnx'));
  if (modelPath === undefined || (config === undefined && named === undefined)) return { ...value, reference: null };
  const inputs = config === undefined ? GENERATED_INPUTS : referenceInputs(value, config);
  if (inputs === undefined) {
    context.log(`There are no rows of ${config?.name}: no Reference is made, so quality will not be measured.`);
    return { ...value, reference: null };
  }
  if (!existsSync(modelPath)) {
    context.log('The model came compiled: no Reference can be made of it, so quality will not be measured.');
    return { ...value, reference: null };
  }
  return { ...value, reference: await makeReferenceOf(modelPath, inputs, { value, context }) };
}

async function makeReferenceOf(
  modelPath: string,
  inputs: ReferenceRequest['inputs'],
  { value, context }: { readonly value: Converted; readonly context: TaskContext },
): Promise<LocalReference> {
  const folder = join(context.folder, 'reference');
  await mkdir(folder);
  const { task } = value.recipe.inputModel;
  const request: ReferenceRequest = {
    modelPath,
    task,
    inputs,
    maxRows: task === CLASSIFICATION ? MAX_ROWS.logits : MAX_ROWS.states,
    maxMs: Math.min(MAX_MS, context.config.timeoutMs.convert / 2),
    outputFolder: folder,
  };
  const { ortVersion } = await context.inChild({
    stage: 'reference',
    request: asJson(request),
    result: referenceOutcomeSchema,
    timeoutMs: context.config.timeoutMs.convert,
  });
  const config = evaluationDataOf(value.recipe) ?? null;
  const data = config === null ? null : dataKey(value, config);
  const key = digestOf({ export: await digestsBelow(dirname(modelPath)), data, config, task, ortVersion }, sha256);
  const { exportFolder } = value;
  if (needsExport(value.recipe) && exportFolder !== null && existsSync(exportFolder))
    await rename(exportFolder, join(folder, EXPORT_FOLDER));
  return { key, folder };
}

/** The ONNX file of the source that its submitter named for this; undefined when there is none. */
function namedReference({ spec, sourceFolder }: Converted): string | undefined {
  const path = Object.keys(spec.source.files).find(
    (file) => file.startsWith(`${REFERENCE_MODEL_FOLDER}/`) && file.toLowerCase().endsWith('.onnx'),
  );
  return path === undefined ? undefined : join(sourceFolder, ...path.split('/'));
}

function referenceInputs({ spec, sourceFolder }: Converted, config: DataConfig): ReferenceRequest['inputs'] | undefined {
  // Made-up rows need neither a file nor a tokenizer, which an image model has not.
  if (isDummyData(config)) return { kind: 'data', config, allPairs: false };
  const rows = localRows(spec.source, sourceFolder)[config.name];
  if (rows === undefined) return undefined;
  const allPairs = spec.source.data[config.name]?.origin === 'local';
  return { kind: 'data', config, ...rows, tokenizerFolder: sourceFolder, allPairs };
}

/** The rows by content, and what is read of them. */
function dataKey({ spec }: Converted, { name }: DataConfig): JsonObject | null {
  const entry = spec.source.data[name];
  if (entry === undefined) return null;
  const { path, origin, ...read } = entry;
  return { rows: spec.source.files[path]?.sha256 ?? null, origin, read };
}

async function digestsBelow(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [name, path] of Object.entries(await filesBelow(folder))) digests[name] = (await sha256File(path)).sha256;
  return digests;
}
