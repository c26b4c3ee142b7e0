import { z } from 'zod';
import { dataColumnsShape } from '../../domain/data-columns.ts';
import { sha256Schema } from '../../domain/names.ts';
import { conversionReportSchema } from '../../domain/report.ts';
import { recipeRefSchema } from '../../domain/task.ts';
import { toolchainPlaceSchema } from '../../engine/toolchain/openvino-worker.ts';

/** Documents between a stage and its process where the engine has no schema of its own for them. */

export const convertRequestSchema = z.strictObject({
  recipe: recipeRefSchema,
  task: z.string().nullable(),
  /** Absolute folders. */
  sourceFolder: z.string().min(1),
  outFolder: z.string().min(1),
  /** Receives the model as it is before any pass behind the export; null keeps none. */
  exportFolder: z.string().min(1).nullable(),
  /** Rows on this machine by name of the data config. */
  rows: z.record(z.string(), z.strictObject({ file: z.string().min(1), ...dataColumnsShape })),
  /** OpenVINO's toolchain, when it takes part. */
  openvino: toolchainPlaceSchema.exactOptional(),
  /** Olive's, which then runs all passes. */
  olive: toolchainPlaceSchema.exactOptional(),
});
export type ConvertRequest = z.infer<typeof convertRequestSchema>;

const { passes, findings, sourceBytes, resultBytes, rssPeakBytes, ortLibraryDigest } = conversionReportSchema.shape;

export const convertOutcomeSchema = z.strictObject({ passes, findings, sourceBytes, resultBytes, rssPeakBytes, ortLibraryDigest });
export type ConvertOutcome = z.infer<typeof convertOutcomeSchema>;

export const referenceOutcomeSchema = z.strictObject({ rows: z.int().min(1), ortVersion: z.string(), ortLibraryDigest: sha256Schema });
export type ReferenceOutcome = z.infer<typeof referenceOutcomeSchema>;

export const rowsOutcomeSchema = z.strictObject({ rows: z.int().min(0) });
export type RowsOutcome = z.infer<typeof rowsOutcomeSchema>;
