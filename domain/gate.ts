import { z } from 'zod';

/** What is looked at before a machine takes work, and while it measures. */
const gateNameSchema = z.enum(['battery', 'power-save', 'throttled', 'busy', 'low-memory']);
export type GateName = z.infer<typeof gateNameSchema>;

/** A gate that found something: the machine waits until it is over, or the result is labelled with it. */
export const gateFindingSchema = z.strictObject({
  gate: gateNameSchema,
  /** With the number and its limit, for a person. */
  why: z.string().min(1).max(300),
});
export type GateFinding = z.infer<typeof gateFindingSchema>;
