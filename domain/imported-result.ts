import { z } from 'zod';
import { deviceClassSchema, epNameSchema } from './names.ts';

/** Results that another tool measured: shown in the matrix with the badge `imported`, never ranked with, or compared to, what the farm measured. */

export const RESULT_TOOLS = ['onnxruntime_perf_test', 'winml', 'csv'] as const;

const label = z.string().trim().min(1).max(200);
const milliseconds = z.number().positive().max(1e9).nullable();

/** What a tool says of one model on one device; what it does not say is null. */
export const externalResultSchema = z.strictObject({
  tool: z.enum(RESULT_TOOLS),
  modelId: label,
  /** What was measured of the model, for example its precision: the row's second name. */
  variant: label,
  deviceModel: label,
  deviceClass: deviceClassSchema,
  ep: epNameSchema,
  /** Median latency; where a tool tells only a mean, that, with `isMean`. */
  latencyMs: z.number().positive().max(1e9),
  isMean: z.boolean(),
  minMs: milliseconds,
  maxMs: milliseconds,
  p90Ms: milliseconds,
  p99Ms: milliseconds,
  samples: z.int().min(1).max(1e9).nullable(),
  throughputPerSecond: z.number().positive().max(1e9).nullable(),
  ortVersion: z.string().max(100).nullable(),
});
export type ExternalResult = z.infer<typeof externalResultSchema>;

export const importedResultSchema = z.strictObject({
  ...externalResultSchema.shape,
  importedAt: z.number().min(0),
  importedBy: z.string().max(200),
});
export type ImportedResult = z.infer<typeof importedResultSchema>;

/** One place of the matrix: a later import of the same place replaces the earlier. Sorts by model. */
export function resultName({ modelId, variant, deviceModel, ep, tool }: ExternalResult): string {
  return [modelId, variant, deviceModel, ep, tool].join('\n');
}

/** Which imported results are meant: those that are equal to it in every member it has. */
export const resultSelectorSchema = z.strictObject({
  modelId: label.exactOptional(),
  variant: label.exactOptional(),
  deviceModel: label.exactOptional(),
  ep: epNameSchema.exactOptional(),
  tool: externalResultSchema.shape.tool.exactOptional(),
});
export type ResultSelector = z.infer<typeof resultSelectorSchema>;

/** Whether a selector means this result; one without members means every result. */
export function isSelected(result: ExternalResult, selector: ResultSelector): boolean {
  const places: Readonly<Record<string, unknown>> = result;
  return Object.entries(selector).every(([member, wanted]) => places[member] === wanted);
}

/** Columns that imported results may add to the matrix: every row gets a place for each. */
export const MAX_IMPORTED_COLUMNS = 100;

/** How many columns of the matrix these results take: one for each device, execution provider and tool. */
export function importedColumns(results: readonly ExternalResult[]): number {
  return new Set(results.map(({ deviceModel, ep, tool }) => [deviceModel, ep, tool].join('\n'))).size;
}
