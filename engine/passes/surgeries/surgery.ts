import type { Model } from '../../graph/model.ts';

/** What one surgery did. */
export interface SurgeryOutcome {
  /** Places changed; 0 means the surgery matched nothing. */
  readonly changes: number;
  /** Why nothing matched, when that is known: continues "matches nothing". */
  readonly whyNothing?: string;
}

/** One graph rewrite with its arguments already read. Changes the model in place. */
export type Surgery = (model: Model) => SurgeryOutcome;
