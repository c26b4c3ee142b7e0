import type { OutputsDifference } from '../../engine/diff/compare-outputs.ts';
import type { StructureDifference } from '../../engine/diff/compare-structure.ts';

/** What `grove diff` found. */
export interface ModelDifference {
  readonly a: string;
  readonly b: string;
  /** By everything, or by the outputs alone when a bound was given for them. */
  readonly verdict: 'same' | 'different' | 'inconclusive';
  /** Least cosine of a row that was asked for; null: everything had to be equal. */
  readonly minCosine: number | null;
  readonly structure: StructureDifference;
  readonly outputs: OutputsDifference;
}
