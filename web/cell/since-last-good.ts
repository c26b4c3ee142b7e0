import type { CellView } from '../../api/matrix.ts';
import type { PastResult } from '../../api/words.ts';

/** Something that may explain why a cell turned bad. */
export interface Change {
  readonly what: string;
  /** Null where it was not known. */
  readonly before: string | null;
  readonly after: string | null;
  readonly differs: boolean;
}

/** The two results around the moment a cell turned bad, and what differs between them. */
export interface Turn {
  readonly good: PastResult | undefined;
  readonly bad: PastResult | undefined;
  /** Empty when one of them is no longer among the newest results. */
  readonly changes: readonly Change[];
}

/** What changed since the cell was last good; undefined while it is. */
export function sinceLastGood({ cell, history }: Pick<CellView, 'cell' | 'history'>): Turn | undefined {
  const { lastGood, firstBad } = cell.history;
  if (firstBad === null) return undefined;
  const good = history.find(({ taskId }) => taskId === lastGood?.taskId);
  const bad = history.find(({ taskId }) => taskId === firstBad.taskId);
  return { good, bad, changes: good === undefined || bad === undefined ? [] : changesBetween(good, bad) };
}

function changesBetween(good: PastResult, bad: PastResult): readonly Change[] {
  const facts: readonly (readonly [string, (past: PastResult) => string | null])[] = [
    ['environment', ({ environmentId }) => environmentId],
    ['recipe', ({ recipeDigest }) => recipeDigest],
    ['artifact', ({ conversionKey }) => conversionKey],
    ['ONNX Runtime', ({ ortVersion }) => ortVersion],
    ['machine', ({ unit }) => unit],
  ];
  return facts.map(([what, of]) => {
    const [before, after] = [of(good), of(bad)];
    return { what, before, after, differs: before !== null && after !== null && before !== after };
  });
}
