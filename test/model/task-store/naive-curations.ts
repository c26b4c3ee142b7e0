import type { CurateCellCommand } from '../../../coordinator/store/task-store.ts';
import { type CellCuration, curate, UNCURATED } from '../../../domain/curation.ts';

/** The command `curateCell` with what it has kept so far. */
export function createNaiveCurations() {
  const kept = new Map<string, CellCuration>();
  const curateCell = ({ cellId, change, principal, now }: CurateCellCommand): CellCuration => {
    const curation = curate(kept.get(cellId) ?? UNCURATED, change, { by: principal.name, at: now });
    kept.set(cellId, curation);
    return curation;
  };
  return Object.assign(curateCell, { kept });
}
