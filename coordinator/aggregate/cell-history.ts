import type { CellState } from '../../domain/cell-state.ts';
import type { CellHistory } from '../../domain/matrix.ts';
import type { PastResult } from '../../domain/past-result.ts';
import { judgeMeasured, judgeUnmeasured } from './cell-state.ts';
import type { PlacedView } from './unit-result.ts';

/** States of a number that nothing is wrong with. */
const GOOD: ReadonlySet<CellState> = new Set(['ok', 'noisy', 'insufficient']);

/** Strings that many results share are kept once. */
export type Intern = <T extends string | null>(text: T) => T;

export function createIntern(): Intern {
  const known = new Map<unknown, unknown>();
  return <T extends string | null>(text: T): T => {
    const kept = known.get(text);
    // The map holds under each text that text.
    if (kept !== undefined) return kept as T;
    known.set(text, text);
    return text;
  };
}

/** What stays of an ended benchmark for ever; undefined for one that is under way or was cancelled. */
export function pastResultOf({ view, unit }: PlacedView, intern: Intern): PastResult | undefined {
  const { task, spec, report, error } = view;
  if (task.endedAt === null) return undefined;
  const judged = report === null ? judgeUnmeasured(view) : judgeMeasured(report);
  if (judged === undefined) return undefined;
  return {
    taskId: task.taskId,
    jobId: intern(task.jobIds[0] ?? ''),
    unit: intern(unit),
    at: task.endedAt,
    state: judged.state,
    code: intern(error?.code ?? null),
    p50Ms: report?.p50Ms ?? null,
    launches: report?.launches.length ?? 0,
    heavyNodesElsewhere: report?.placement.heavyNodesElsewhere ?? null,
    recipeDigest: intern(spec.recipe.digest),
    conversionKey: intern(spec.conversionKey),
    environmentId: intern(report?.environmentId ?? null),
    ortVersion: intern(report?.runtime.ortVersion ?? null),
  };
}

/** @param past every result of a cell; `unit` is the one that names its state, null when its ending names none. */
export function summarise(past: readonly PastResult[], unit: string | null): CellHistory {
  const own = past.filter((result) => unit === null || result.unit === unit || result.unit === null).sort((a, b) => a.at - b.at);
  const lastGood = own.findLast(({ state }) => GOOD.has(state));
  const firstBad = own.find(({ at, state }) => !GOOD.has(state) && at > (lastGood?.at ?? Number.NEGATIVE_INFINITY));
  return {
    results: past.length,
    firstAt: past.reduce<number | null>((first, { at }) => (first === null || at < first ? at : first), null),
    lastGood: momentOf(lastGood),
    firstBad: momentOf(firstBad),
    fallback: fallbackOf(own),
  };
}

function momentOf(result: PastResult | undefined): CellHistory['lastGood'] {
  return result === undefined ? null : { taskId: result.taskId, at: result.at };
}

function fallbackOf(own: readonly PastResult[]): CellHistory['fallback'] {
  const [before, now] = own.flatMap(({ heavyNodesElsewhere }) => heavyNodesElsewhere ?? []).slice(-2);
  return before === undefined || now === undefined || before === now ? null : { before, now };
}
