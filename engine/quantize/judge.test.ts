import { describe, expect, test } from 'vitest';
import { encodeModel } from '../onnx/write.ts';
import { runtime } from '../passes/passes.cases.ts';
import { feedsOf, judge } from './judge.cases.ts';
import { modelOfCase, referenceCases, settingsOf } from './reference.cases.ts';

/** Of the root mean square of an output. 8 bits, symmetric, give about 0.05 behind a product of two activations. */
const MOST_ERROR = 0.06;

describe.each(referenceCases())('$name', (reference) => {
  // ONNX Runtime's integer product ignores along which axis a weight's scales lie: whoever asks for another one than its own gets something else.
  const runs = reference.runs.filter(({ settings }) => settings.extra?.opTypePerChannelSupportToAxis === undefined);
  test.for(runs)('runs in ONNX Runtime, near the float model, with $settings', async ({ settings: written }) => {
    const model = modelOfCase(reference);
    const session = await (await runtime()).createSession({ model: { bytes: encodeModel(model) }, ep: 'CPUExecutionProvider' });
    const feeds = feedsOf(session.inputs);
    await session.close();
    const { report, errors } = await judge(model, settingsOf(model, written), feeds);
    const isWithin = Object.values(errors).every((error) => error <= MOST_ERROR);
    expect({ isWithin, errors }).toEqual({ isWithin: report.clampedBiases.length === 0, errors });
  });
});
