import { type CellCuration, curate, UNCURATED } from '../../../../domain/curation.ts';
import type { CurateCellCommand } from '../../task-store.ts';
import type { State } from '../state.ts';

/** Adds what is said now to what has been said about the cell. */
export function curateCell(state: State, command: CurateCellCommand): CellCuration {
  const before = state.curations.get(command.cellId);
  const after = curationAfter(state, command);
  if (after === before) return before;
  state.curations.set(command.cellId, after);
  state.revision += 1;
  return after;
}

/** Everything that is said about the cell once this is. */
export function curationAfter(
  { curations }: Pick<State, 'curations'>,
  { now, principal, cellId, change }: CurateCellCommand,
): CellCuration {
  return curate(curations.get(cellId) ?? UNCURATED, change, { by: principal.name, at: now });
}
