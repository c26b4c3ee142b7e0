import { z } from 'zod';
import { errorReportSchema } from '../../domain/task.ts';

/**
 * Between an agent and the process of one heavy stage: one JSON request line on standard input, one JSON event a line on standard output, anything
 * else there and on standard error is log. The last event is a `result` or an `error`.
 */
export const childRequestSchema = z.strictObject({ stage: z.string().min(1).max(60), request: z.unknown() });

/** Longest log line or progress note kept; the rest of it is cut. */
export const MAX_LINE_CHARS = 4_000;

export const childEventSchema = z.discriminatedUnion('type', [
  /** `fraction` of the whole stage, 0 to 1. */
  z.strictObject({ type: z.literal('progress'), fraction: z.number().min(0).max(1), note: z.string().max(MAX_LINE_CHARS) }),
  z.strictObject({ type: z.literal('log'), line: z.string().max(MAX_LINE_CHARS) }),
  z.strictObject({ type: z.literal('result'), result: z.unknown() }),
  z.strictObject({ type: z.literal('error'), error: errorReportSchema }),
]);
export type ChildEvent = z.infer<typeof childEventSchema>;
