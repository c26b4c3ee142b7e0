import { z } from 'zod';
import { cellStateSchema } from './cell-state.ts';
import { GroveError } from './errors.ts';
import { idSchema, nameSchema } from './names.ts';

/** What people have said about a cell: which result it is judged against, that its state is known, and notes. Kept by the store, per cell id. */

/** Notes kept of one cell; beyond that the oldest go. */
const MAX_NOTES = 50;

/** Benchmark tasks of a baseline, and thereby units of a cell that can be pinned. */
export const MAX_BASELINE_TASKS = 1_000;

export const cellIdSchema = z.string().regex(/^[0-9a-f]{16}$/, 'not a cell id');

const words = z.string().trim().max(1_000);
const stamp = { by: nameSchema, at: z.number() } as const;

const pinnedSchema = z.strictObject({
  /** Benchmark tasks, at most one of each unit of the cell. */
  taskIds: z.array(idSchema).min(1).max(MAX_BASELINE_TASKS),
  reason: words,
  ...stamp,
});

const acknowledgedSchema = z.strictObject({
  /** Holds as long as the cell is in this state. */
  state: cellStateSchema,
  reason: words,
  ...stamp,
});

const noteSchema = z.strictObject({ id: idSchema, text: words.min(1), ...stamp });

export const cellCurationSchema = z.strictObject({
  /** The results that later ones are compared with, in place of the previous ones. */
  baseline: pinnedSchema.nullable(),
  acknowledged: acknowledgedSchema.nullable(),
  /** Oldest first. */
  notes: z.array(noteSchema).max(MAX_NOTES),
});
export type CellCuration = z.infer<typeof cellCurationSchema>;

/** One thing that somebody says about a cell. */
export const curationChangeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pin'), taskIds: pinnedSchema.shape.taskIds, reason: words }),
  z.strictObject({ kind: z.literal('unpin') }),
  z.strictObject({ kind: z.literal('acknowledge'), state: cellStateSchema, reason: words }),
  z.strictObject({ kind: z.literal('withdraw') }),
  z.strictObject({ kind: z.literal('note'), id: idSchema, text: noteSchema.shape.text }),
]);
export type CurationChange = z.infer<typeof curationChangeSchema>;

export const UNCURATED: CellCuration = { baseline: null, acknowledged: null, notes: [] };

/** What is said about a cell after one more change. A change that is made twice at one time by one person counts once. */
export function curate(before: CellCuration, change: CurationChange, stamp: { readonly by: string; readonly at: number }): CellCuration {
  switch (change.kind) {
    case 'pin':
      return { ...before, baseline: { taskIds: change.taskIds, reason: change.reason, ...stamp } };
    case 'unpin':
      return { ...before, baseline: null };
    case 'acknowledge':
      return { ...before, acknowledged: { state: change.state, reason: change.reason, ...stamp } };
    case 'withdraw':
      return { ...before, acknowledged: null };
    case 'note': {
      if (before.notes.some(({ id }) => id === change.id)) return before;
      return { ...before, notes: [...before.notes, { id: change.id, text: change.text, ...stamp }].slice(-MAX_NOTES) };
    }
  }
}

/**
 * Throws `invalid-request` for what no reader would take back. Stores ask before they write: a record that is written wrong once would be in the way of
 * everything that is said about other cells.
 */
export function checkCuration(curation: CellCuration): void {
  const [issue] = cellCurationSchema.safeParse(curation).error?.issues ?? [];
  if (issue !== undefined) throw new GroveError('invalid-request', { problem: `${issue.path.join('.')}: ${issue.message}` });
}
