import type { CellCuration } from '../../domain/curation.ts';
import type { PastResult } from '../../domain/past-result.ts';
import { foldCell, newestOf, worstOf } from './cell.ts';
import { type Intern, pastResultOf, summarise } from './cell-history.ts';
import { type CellDraft, type FoldContext, type FoldedCell, foldSlot, measuredUnder } from './fold.ts';
import { groupBy } from './group-by.ts';
import { type PlacedView, withChange } from './unit-result.ts';

/** Measured results of each unit and condition that are kept whole: the latest and the one it is compared with. */
const KEPT_WHOLE = 2;

/** A result with what decides which of its slot's cells it belongs to. */
interface Past extends PastResult {
  /** Empty: nothing was measured. */
  readonly under: string;
}

/** A cell of a slot with what it was made of. */
interface SlotCell {
  readonly id: string;
  readonly draft: CellDraft;
  readonly folded: FoldedCell;
  /** Which changes counted, unit by unit. */
  readonly counted: string;
}

/** What folding needs beside the slot. */
export interface SlotContext extends FoldContext {
  idOf(key: CellDraft['key']): string;
  readonly curations: ReadonlyMap<string, CellCuration>;
  /** The p-value from which on a change counts. */
  readonly threshold: number;
}

/**
 * Every benchmark of one slot. Old results shrink to what a history shows; what is kept whole is enough for the cells, so that folding a slot again
 * costs the same however long its history is.
 */
export class CellSlot {
  readonly #views = new Map<string, PlacedView>();
  readonly #past = new Map<string, Past>();
  #drafts: readonly CellDraft[] | undefined;
  #cells: readonly SlotCell[] = [];

  get isEmpty(): boolean {
    return this.#views.size === 0;
  }

  put(placed: PlacedView, intern: Intern): void {
    const { task, report } = placed.view;
    this.#drafts = undefined;
    const past = pastResultOf(placed, intern);
    if (past !== undefined) this.#past.set(task.taskId, { ...past, under: intern(report === null ? '' : measuredUnder(placed)) });
    if (task.state === 'cancelled') this.#views.delete(task.taskId);
    else this.#views.set(task.taskId, placed);
  }

  remove(taskId: string): void {
    this.#drafts = undefined;
    this.#views.delete(taskId);
    this.#past.delete(taskId);
  }

  /** Something outside it has changed: the environment of a device, a baseline. */
  invalidate(): void {
    this.#drafts = undefined;
    this.#cells = [];
  }

  /** p-values of its units' comparisons. */
  pValues(context: FoldContext): readonly number[] {
    return this.#draft(context).flatMap(({ results }) => results.flatMap(({ comparison }) => comparison?.pValue ?? []));
  }

  /** Its cells; those that are as they were are the same objects. */
  cells(context: SlotContext): readonly FoldedCell[] {
    this.#cells = this.#draft(context).map((draft, index) => this.#cell(draft, index, context));
    return this.#cells.map(({ folded }) => folded);
  }

  /** Results of one of its cells, newest first. */
  history(cellId: string): readonly PastResult[] {
    const index = this.#cells.findIndex(({ id }) => id === cellId);
    const cell = this.#cells[index];
    if (cell === undefined) return [];
    const past = this.#pastOf(cell.draft, index === 0).sort((a, b) => b.at - a.at);
    return past.map(({ under: _, ...result }) => result);
  }

  #draft(context: FoldContext): readonly CellDraft[] {
    if (this.#drafts !== undefined) return this.#drafts;
    this.#drafts = foldSlot([...this.#views.values()], context);
    this.#shrink();
    return this.#drafts;
  }

  #cell(draft: CellDraft, index: number, context: SlotContext): SlotCell {
    const counted = draft.results.map(({ comparison }) =>
      comparison?.pValue != null && comparison.pValue <= context.threshold ? '1' : '0',
    );
    const known = this.#cells[index];
    if (known?.draft === draft && known.counted === counted.join('')) return known;
    const [first, ...rest] = draft.results;
    const results: CellDraft['results'] = [withChange(first, context.threshold), ...rest.map((one) => withChange(one, context.threshold))];
    const id = context.idOf(draft.key);
    const history = summarise(this.#pastOf(draft, index === 0), worstOf(results).unit);
    const cell = foldCell(draft.key, results, { id, curation: context.curations.get(id) ?? null, history });
    const newest = newestOf(results);
    return { id, draft, counted: counted.join(''), folded: { cell, newest, deviceClass: newest.deviceClass } };
  }

  /** Results without a number belong to the slot's current cell. */
  #pastOf({ key }: CellDraft, isCurrent: boolean): Past[] {
    const under = measuredUnder({ key });
    return [...this.#past.values()].filter((past) => past.under === under || (past.under === '' && isCurrent));
  }

  #shrink(): void {
    const ended = [...this.#views.values()].filter(({ view }) => view.task.endedAt !== null);
    const groups = groupBy(ended, (placed) => `${placed.view.report === null ? '' : measuredUnder(placed)}\n${placed.unit ?? ''}`);
    for (const group of groups.values()) {
      const older = group.sort((a, b) => b.view.at - a.view.at).slice(KEPT_WHOLE);
      for (const { view } of older) this.#views.delete(view.task.taskId);
    }
  }
}
