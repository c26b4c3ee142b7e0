import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { codeOf } from '../../../test/conformance/task-store/farm.ts';
import { SAMPLE_REPORT } from '../../../test/rest/sample-matrix.ts';
import { readSamples } from './read-samples.ts';

const REPORT = { ...SAMPLE_REPORT, artifacts: { 'samples/launch-0.f64': { sha256: 'a'.repeat(64), sizeBytes: 16 } } };

/** A store that has stored so many bytes, whatever the report says. */
const storeOf = (sizeBytes: number) => ({
  head: async () => ({ sizeBytes }),
  open: async () => Readable.from([Buffer.from(Float64Array.of(5.5, 5.7).buffer)]),
});

it('reads the samples that were kept', async () => {
  expect(await readSamples(REPORT, storeOf(16))).toEqual([{ launch: 0, samplesMs: Float64Array.of(5.5, 5.7) }]);
});

it('reads nothing that is larger than samples are', async () => {
  expect(await codeOf(readSamples(REPORT, storeOf(33_554_440)))).toBe('too-large');
});
