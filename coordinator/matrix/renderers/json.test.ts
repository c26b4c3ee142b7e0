import { expect, it } from 'vitest';
import { SAMPLE_MATRIX } from '../../../test/rest/sample-matrix.ts';
import { renderJson } from './json.ts';

const etagAt = (generatedAt: number, change = {}) => renderJson({ ...SAMPLE_MATRIX, generatedAt, ...change }).etag;

it('calls two answers the same only where nothing but the second they were made in is another', () => {
  expect(etagAt(60_000)).toBe(etagAt(119_999));
  expect(etagAt(60_000)).not.toBe(etagAt(120_000));
  expect(etagAt(60_000)).not.toBe(etagAt(60_000, { rows: SAMPLE_MATRIX.rows.slice(1) }));
  expect(etagAt(60_000)).not.toBe(etagAt(60_000, { significance: { tested: 1, level: 0.05, threshold: 0 } }));
});
