import type { ErrorReport } from '../../../domain/errors.ts';
import type { AttemptOutcome } from '../../../domain/task.ts';

/** What an agent reports of an attempt. */
export type Reported = AttemptOutcome | { readonly state: 'rejected'; readonly error: ErrorReport };

const texts = new WeakMap<Reported, string>();

/** An outcome as JSON. Its digest and its record in the journal are made of the same text: a result is by far the largest part of what is written. */
export function outcomeText(outcome: Reported): string {
  const known = texts.get(outcome);
  if (known !== undefined) return known;
  const text = JSON.stringify(outcome);
  texts.set(outcome, text);
  return text;
}
