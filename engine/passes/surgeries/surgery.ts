import type { Model } from '../../graph/model.ts';
import type { PassContext } from '../pass.ts';

/** What one surgery did. */
export interface SurgeryOutcome {
  /** Places changed; 0 means the surgery matched nothing. */
  readonly changes: number;
  /** Why nothing matched, when that is known: continues "matches nothing". */
  readonly whyNothing?: string;
}

/** One graph rewrite of Olive's GraphSurgeries. `Args` is its arguments after defaults (`domain/passes/native-surgeons.ts`). */
export interface Surgery<Args = unknown> {
  /**
   * Changes the model in place. Throws `pass-failed` where Olive's surgeon raises an error: an argument that does not fit the model.
   * Surgeries that need shapes ask ONNX Runtime for them.
   */
  operate(model: Model, args: Args, context: Pick<PassContext, 'runtime'>): SurgeryOutcome | Promise<SurgeryOutcome>;
}
