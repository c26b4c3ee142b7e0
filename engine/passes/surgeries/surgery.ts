import { GroveError } from '../../../domain/errors.ts';
import type { NativeSurgeon } from '../../../domain/passes/native-surgeons.ts';
import type { Model } from '../../graph/model.ts';
import type { PassContext } from '../pass.ts';

/** What one surgery did. */
export interface SurgeryOutcome {
  /** Places changed; 0 means the surgery matched nothing. */
  readonly changes: number;
  /** Why nothing matched, when that is known: continues "matches nothing". */
  readonly whyNothing?: string;
  /** What it was asked for and did not do, one sentence each. */
  readonly leftOut?: readonly string[];
}

/** One graph rewrite of Olive's GraphSurgeries. `Args` is its arguments after defaults (`domain/passes/native-surgeons.ts`). */
export interface Surgery<Args = unknown> {
  /**
   * Changes the model in place. Throws `pass-failed` where Olive's surgeon raises an error: an argument that does not fit the model.
   * Surgeries that need types ask ONNX Runtime for them.
   */
  operate(model: Model, args: Args, context: Pick<PassContext, 'runtime'>): SurgeryOutcome | Promise<SurgeryOutcome>;
}

/** The error of a surgery whose arguments do not fit the model. */
export function misfit(surgeon: NativeSurgeon, problem: string): GroveError {
  return new GroveError('pass-failed', { type: 'GraphSurgeries', problem: `${surgeon}: ${problem}` });
}
