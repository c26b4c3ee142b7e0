import type { z } from 'zod';
import type { taskKindSchema } from './names.ts';

/** Stages of a task in order, as progress shows them. */
export const STAGES = {
  resolve: ['resolve', 'upload'],
  convert: ['fetch', 'convert', 'reference', 'verify', 'upload'],
  benchmark: ['fetch', 'verify', 'target-passes', 'measure', 'profile', 'quality', 'upload'],
} as const satisfies Record<z.infer<typeof taskKindSchema>, readonly string[]>;
export type Stage = (typeof STAGES)[keyof typeof STAGES][number];
