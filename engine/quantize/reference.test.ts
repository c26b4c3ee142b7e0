import { describe, expect, test } from 'vitest';
import type { Model } from '../graph/model.ts';
import { readModelFile } from '../onnx/read.ts';
import { runtime } from '../passes/passes.cases.ts';
import { calibrationTensors } from './calibration-tensors.ts';
import { recordTypes } from './preprocess.ts';
import { quantizeModel } from './quantize-model.ts';
import type { TensorRange } from './range.ts';
import { bertCases, fixturePath, modelOfCase, type ReferenceRun, rangesOfCase, referenceCases, settingsOf } from './reference.cases.ts';
import { type ModelSummary, summaryOf } from './summary.cases.ts';

/** Quantises by the ranges that calibration was asked for, and no others. */
function quantized(model: Model, { settings: written }: ReferenceRun, ranges: ReadonlyMap<string, TensorRange>): ModelSummary {
  const settings = settingsOf(model, written);
  const observed = calibrationTensors(model, settings).flatMap((tensor) => [[tensor, ranges.get(tensor)] as const]);
  quantizeModel(model, new Map(observed.flatMap(([tensor, range]) => (range ? [[tensor, range]] : []))), settings);
  return summaryOf(model);
}

/** Without the runs in which Grove deviates. */
const comparable = referenceCases()
  .map((reference) => ({ ...reference, runs: reference.runs.filter(({ expected }) => expected !== null) }))
  .filter(({ runs }) => runs.length > 0);

describe.each(comparable)('$name', (reference) => {
  test.for(reference.runs)('becomes what onnxruntime makes of it, with $settings', (run) => {
    expect(quantized(modelOfCase(reference), run, rangesOfCase(reference))).toEqual(run.expected);
  });
});

describe.each(bertCases())('$model', ({ model: file, ranges, runs }) => {
  test.for(runs)('becomes what onnxruntime makes of it, with $settings', async (run) => {
    const model = await readModelFile(fixturePath(file));
    await recordTypes(model, await runtime());
    expect(quantized(model, run, rangesOfCase({ ranges }))).toEqual(run.expected);
  });
});
