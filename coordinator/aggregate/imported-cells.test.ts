import { expect, it } from 'vitest';
import type { ImportedResult } from '../../domain/imported-result.ts';
import { matrixSchema } from '../../domain/matrix.ts';
import { sha256 } from '../../platform/sha256.ts';
import { SAMPLE_MATRIX } from '../../test/rest/sample-matrix.ts';
import { ImportedBeside } from './imported-cells.ts';

function result(change: Partial<ImportedResult> = {}): ImportedResult {
  return {
    ...{ tool: 'csv', modelId: 'net', variant: 'fp16', deviceModel: 'NPU X', deviceClass: 'npu', ep: 'QNNExecutionProvider' },
    ...{ latencyMs: 5, isMean: true, minMs: null, maxMs: null, p90Ms: null, p99Ms: null, samples: 100 },
    ...{ throughputPerSecond: null, ortVersion: null, importedAt: 1, importedBy: 'ann' },
    ...change,
  };
}

it('puts imported results in rows and columns of their own, each cell with its badge', () => {
  const results = [result(), result({ deviceModel: 'GPU Y', deviceClass: 'gpu' }), result({ modelId: 'other' })];
  const matrix = matrixSchema.parse({ ...SAMPLE_MATRIX, ...new ImportedBeside(sha256).beside(SAMPLE_MATRIX, results) });
  const [rows, columns] = [SAMPLE_MATRIX.rows.length, SAMPLE_MATRIX.columns.length];
  expect([matrix.rows.length, matrix.columns.length]).toEqual([rows + 2, columns + 2]);
  for (const row of matrix.cells) expect(row).toHaveLength(columns + 2);
  const imported = matrix.cells.slice(rows).map((row) => row.slice(columns));
  expect(imported).toMatchObject([
    [
      { badges: ['imported'], p50Ms: { value: 5, low: null }, reason: 'mean as csv told it, imported by ann' },
      { key: { deviceModel: 'GPU Y' } },
    ],
    [{ key: { modelId: 'other' } }, null],
  ]);
  const measured = matrix.cells.slice(0, rows).map((row) => row.slice(0, columns));
  expect(measured).toEqual(matrixSchema.parse(SAMPLE_MATRIX).cells);
});

it('leaves a matrix without imports as it is', () => {
  const { rows, columns, cells } = SAMPLE_MATRIX;
  expect(new ImportedBeside(sha256).beside(SAMPLE_MATRIX, [])).toEqual({ rows, columns, cells });
});
