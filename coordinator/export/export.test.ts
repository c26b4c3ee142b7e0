import { parquetReadObjects } from 'hyparquet';
import { PDFDocument } from 'pdf-lib';
import { expect, it } from 'vitest';
import type { CellView } from '../../api/matrix.ts';
import { listedCells } from '../../domain/matrix-lists.ts';
import { matrixRecords } from '../../domain/matrix-records.ts';
import { HOSTILE, SAMPLE_MATRIX, SAMPLE_REPORT } from '../../test/rest/sample-matrix.ts';
import { cellSheet } from './cell-sheet.ts';
import { matrixParquet, samplesParquet } from './parquet.ts';

async function read(bytes: Uint8Array): Promise<readonly Record<string, unknown>[]> {
  return parquetReadObjects({ file: new Uint8Array(bytes).buffer });
}

it('writes the matrix as typed columns, one row a cell', async () => {
  const rows = await read(matrixParquet(SAMPLE_MATRIX));
  const records = matrixRecords(SAMPLE_MATRIX);
  expect(
    rows.map(({ measuredAt, ...row }) => ({ ...row, measuredAt: measuredAt instanceof Date ? measuredAt.toISOString() : null })),
  ).toEqual(records);
  expect(rows.some(({ deviceModel }) => deviceModel === HOSTILE)).toBe(true);
  expect(rows.some(({ p50Ms }) => p50Ms === null)).toBe(true);
});

it('writes an empty matrix as a table without rows', async () => {
  expect(await read(matrixParquet({ ...SAMPLE_MATRIX, rows: [], columns: [], cells: [] }))).toEqual([]);
});

it('writes raw samples exactly, one row a run', async () => {
  const launches = [
    { launch: 0, samplesMs: Float64Array.of(1.25, 0.1 + 0.2) },
    { launch: 1, samplesMs: Float64Array.of(3) },
  ];
  expect(await read(samplesParquet('c', 't', launches))).toEqual([
    { cellId: 'c', taskId: 't', launch: 0, run: 0, latencyMs: 1.25 },
    { cellId: 'c', taskId: 't', launch: 0, run: 1, latencyMs: 0.1 + 0.2 },
    { cellId: 'c', taskId: 't', launch: 1, run: 0, latencyMs: 3 },
  ]);
});

it('tells every cell on one page of A4, whatever it holds', async () => {
  for (const { row, column, cell } of listedCells(SAMPLE_MATRIX)) {
    const long = { ...cell, reason: `${cell.reason} ${'x'.repeat(1_900)}`, reproduce: `grove submit ${'y'.repeat(1_900)} 模型` };
    for (const shown of [cell, long]) {
      const view: CellView = { row, column, cell: shown, report: cell.p50Ms === null ? null : SAMPLE_REPORT, lint: [], history: [] };
      const bytes = await cellSheet(view, SAMPLE_MATRIX.generatedAt);
      const document = await PDFDocument.load(bytes, { updateMetadata: false });
      expect(document.getPages().map((page) => Math.round(page.getWidth()))).toEqual([595]);
      expect(document.getTitle()).toContain(' on ');
    }
  }
});
