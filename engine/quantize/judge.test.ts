import { describe, expect, test } from 'vitest';
import { encodeModel } from '../onnx/write.ts';
import { runtime } from '../passes/passes.cases.ts';
import { feedsOf, judge } from './judge.cases.ts';
import { modelOfCase, referenceCases, settingsOf } from './reference.cases.ts';

/** Of the root mean square of an output. 8 bits, symmetric, give about 0.05 behind a product of two activations. */
const MOST_ERROR = 0.06;

describe.each(referenceCases())('$name', (reference) => {
  // Two things that a recipe may ask for give something else in ONNX Runtime: its integer product ignores along which axis the scales of a weight
  // lie, and its optimiser quantises biases that stay float, by the scale at which they overflow.
  const runs = reference.runs.filter(
    ({ settings: { extra } }) => extra?.opTypePerChannelSupportToAxis === undefined && !extra?.disableWeightAdjustForInt32Bias,
  );
  test.for(runs)('runs in ONNX Runtime, near the float model, with $settings', async ({ settings: written }) => {
    const model = modelOfCase(reference);
    const session = await (await runtime()).createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider' });
    const feeds = feedsOf(session.inputs);
    await session.close();
    const { errors } = await judge(model, settingsOf(model, written), feeds);
    for (const [output, error] of Object.entries(errors)) expect(error, output).toBeLessThan(MOST_ERROR);
  });
});
