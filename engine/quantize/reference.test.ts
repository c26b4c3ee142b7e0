import { describe, expect, test } from 'vitest';
import { calibrationTensors } from './calibration-tensors.ts';
import { quantizeModel } from './quantize-model.ts';
import { modelOfCase, rangesOfCase, referenceCases, settingsOf } from './reference.cases.ts';
import { summaryOf } from './summary.cases.ts';

describe.each(referenceCases())('$name', (reference) => {
  test.each(reference.runs)('is quantised as by onnxruntime with $settings', ({ settings: written, expected }) => {
    const model = modelOfCase(reference);
    const settings = settingsOf(model, written);
    const ranges = rangesOfCase(reference);
    const observed = new Map(
      calibrationTensors(model, settings).map((tensor) => [tensor, ranges.get(tensor) ?? { min: Number.NaN, max: 0 }]),
    );
    quantizeModel(model, observed, settings);
    if (expected) expect(summaryOf(model)).toEqual(expected);
  });
});
