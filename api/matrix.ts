import { z } from 'zod';
import { curationChangeSchema } from '../domain/curation.ts';
import { cellSchema, matrixColumnSchema, matrixRowSchema } from '../domain/matrix.ts';
import { MATRIX_LISTS } from '../domain/matrix-lists.ts';
import { pastResultSchema } from '../domain/past-result.ts';
import { benchmarkReportSchema, findingSchema } from '../domain/report.ts';

/** Formats of GET /api/v1/matrix. Without `format` the Accept header decides; JSON is the default. */
export const matrixFormatSchema = z.enum(['json', 'md', 'html', 'csv', 'junit', 'parquet']);
export type MatrixFormat = z.infer<typeof matrixFormatSchema>;

/** One cell with its place in the matrix and the report it came from. */
export const cellViewSchema = z.object({
  cell: cellSchema,
  row: matrixRowSchema,
  column: matrixColumnSchema,
  report: benchmarkReportSchema.nullable().describe('Null when nothing was measured.'),
  lint: z
    .array(findingSchema)
    .max(500)
    .default([])
    .describe(
      'What the recipe does not do although it looks as if it did: rules on the recipe, then those its conversion found with the model.',
    ),
  history: z.array(pastResultSchema).max(50).default([]).describe('Its newest ended benchmarks, newest first.'),
});
export type CellView = z.infer<typeof cellViewSchema>;

/** Cells that somebody should look at, for one reason. */
export const matrixListSchema = z.object({
  list: z.enum(MATRIX_LISTS),
  days: z.number().describe('How far back new, missing and newly failing look.'),
  cells: z.array(z.object({ row: matrixRowSchema, column: matrixColumnSchema, cell: cellSchema })),
});
export type MatrixList = z.infer<typeof matrixListSchema>;

/** Ended benchmarks of a cell. */
export const historyPageSchema = z.object({
  total: z.int().min(0),
  results: z.array(pastResultSchema).describe('Newest first.'),
});
export type HistoryPage = z.infer<typeof historyPageSchema>;

const [pin, unpin, acknowledge, withdraw, note] = curationChangeSchema.options;

/** Something to say about a cell. The farm adds who, when, and what the cell shows now. */
export const curateCellRequestSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: pin.shape.kind, reason: pin.shape.reason.default('') }),
  unpin,
  z.strictObject({ kind: acknowledge.shape.kind, reason: acknowledge.shape.reason.default('') }),
  withdraw,
  z.strictObject({
    kind: note.shape.kind,
    text: note.shape.text,
    id: note.shape.id.exactOptional().describe('A note that comes twice under one id counts once.'),
  }),
]);
export type CurateCellRequest = z.input<typeof curateCellRequestSchema>;
