import { type CellCuration, curate, UNCURATED } from '../../../../domain/curation.ts';
import type { CurateCellCommand } from '../../task-store.ts';
import type { State } from '../state.ts';

/** Adds what is said now to what has been said about the cell. */
export function curateCell(state: State, { now, principal, cellId, change }: CurateCellCommand): CellCuration {
  const before = state.curations.get(cellId) ?? UNCURATED;
  const after = curate(before, change, { by: principal.name, at: now });
  if (after === before) return before;
  state.curations.set(cellId, after);
  state.revision += 1;
  return after;
}
