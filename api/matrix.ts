import { z } from 'zod';
import { cellSchema, matrixColumnSchema, matrixRowSchema } from '../domain/matrix.ts';
import { benchmarkReportSchema, findingSchema } from '../domain/report.ts';

/** Formats of GET /api/v1/matrix. Without `format` the Accept header decides; JSON is the default. */
export const matrixFormatSchema = z.enum(['json', 'md', 'html']);
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
});
export type CellView = z.infer<typeof cellViewSchema>;
