import { expect, it } from 'vitest';
import type { LocalChildren } from '../bench/children.ts';
import { compareHere } from './compare-local.ts';
import { comparisonText } from './compare-text.ts';

/** Answers in place of processes: `b` takes twice as long as `a`. */
const children: LocalChildren = {
  folder: '/',
  makeFolder: async () => '/',
  close: async () => {},
  run: async ({ stage, request, result }) => {
    const p50Ms = JSON.stringify(request).includes('b.onnx') ? 2 : 1;
    const report = {
      ...{ index: 0, createMs: 1, firstInferenceMs: 1, warmup: { runs: 10, durationMs: 1, stable: true }, sampleCount: 64 },
      ...{ samplesPath: 's', p50Ms, meanMs: p50Ms, minMs: p50Ms, maxMs: p50Ms, p90Ms: p50Ms, p99Ms: null, rssPeakBytes: 1 },
    };
    const runtime = { adapter: 'ort-native', ortVersion: '1.30.0', ortLibraryDigest: 'f'.repeat(64), node: '20' };
    const placement = { byEp: {}, heavyNodes: 0, heavyNodesElsewhere: 0, fellBack: false, partial: false, elsewhere: [] };
    return result.parse(
      stage === 'launch'
        ? { report, runtime, inputShapes: {}, rowsPerRun: 1, session: { ep: 'x' }, olive: {} }
        : { placement, profilePath: 'p' },
    );
  },
};

const session = (modelPath: string) => ({ modelPath, ep: 'QNNExecutionProvider' as const, epOptions: {}, settings: {} });
const compared = (emulated: { a: boolean; b: boolean }) =>
  compareHere({
    ...{ sessions: { a: session('a.onnx'), b: session('b.onnx') }, emulated, inputs: {}, tier: 'smoke', pairs: 8, margin: 0.02 },
    ...{ children, onPair: () => {} },
  });

it('judges two sides on silicon', async () => {
  expect(await compared({ a: false, b: false })).toMatchObject({ verdict: 'slower', incomparable: [], b: { emulated: false } });
});

it('gives no verdict when a side is emulated, and says so', async () => {
  const comparison = await compared({ a: false, b: true });
  const why = 'b is emulated: the latency of QNNExecutionProvider here says nothing of the device it stands for';
  expect(comparison).toMatchObject({ verdict: 'inconclusive', incomparable: [why], a: { emulated: false }, b: { emulated: true } });
  expect(comparisonText(comparison)).toContain(`inconclusive: ${why}`);
});
