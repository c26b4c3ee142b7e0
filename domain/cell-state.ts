import { z } from 'zod';

/**
 * A cell has exactly one state.
 *
 * `ok` measured and nothing wrong; `regressed`/`improved` against its baseline; `noisy` the interval stayed wide; `insufficient` too few launches for an
 * interval; `fell-back` a heavy node ran off the asked EP; `quality` outputs differ from the Reference by more than the bound; `failed` recipe's or
 * model's fault; `exception` the farm's or device's fault, retries spent; `unsupported` nobody can convert or run it; `running`, `waiting`; `missing`
 * asked for by no one yet.
 */
export const cellStateSchema = z.enum([
  'ok',
  'regressed',
  'improved',
  'noisy',
  'insufficient',
  'fell-back',
  'quality',
  'failed',
  'exception',
  'unsupported',
  'running',
  'waiting',
  'missing',
]);
export type CellState = z.infer<typeof cellStateSchema>;

/** Facts beside the state; several may hold. Cells with `substituted`, `emulated`, `synthetic` or `imported` are never ranked with, or baselined against, others. */
export const badgeSchema = z.enum([
  'partial',
  'stale',
  'substituted',
  'synthetic',
  'emulated',
  'imported',
  'acknowledged',
  'local-data',
  'disturbed',
  'drift',
  'outlier',
]);
export type Badge = z.infer<typeof badgeSchema>;
