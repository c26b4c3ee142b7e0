import { z } from 'zod';
import { cellSchema, matrixColumnSchema, matrixRowSchema } from '../domain/matrix.ts';
import { benchmarkReportSchema } from '../domain/report.ts';

/** Formats of GET /api/v1/matrix. Without `format` the Accept header decides; JSON is the default. */
export const matrixFormatSchema = z.enum(['json', 'md', 'html']);
export type MatrixFormat = z.infer<typeof matrixFormatSchema>;

/** One cell with its place in the matrix and the report it came from. */
export const cellViewSchema = z.object({
  cell: cellSchema,
  row: matrixRowSchema,
  column: matrixColumnSchema,
  report: benchmarkReportSchema.nullable().describe('Null when nothing was measured.'),
});
export type CellView = z.infer<typeof cellViewSchema>;
