import type { GroveClient } from '../../api/client.ts';
import { type CellComparison, compareTwoCells } from '../../domain/compare-cells.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Cell } from '../../domain/matrix.ts';

/** Compares what two cells of the matrix show. Throws `not-found` for an id that no cell has, or several begin with. */
export async function compareCells(client: GroveClient, [idA, idB]: readonly [string, string], margin: number): Promise<CellComparison> {
  const cells = (await client.matrix()).cells.flat().filter((cell) => cell !== null);
  return compareTwoCells(cellOf(cells, idA), cellOf(cells, idB), margin);
}

function cellOf(cells: readonly Cell[], id: string): Cell {
  const [found, ...more] = cells.filter((cell) => cell.id.startsWith(id));
  if (found === undefined || more.length > 0) throw new GroveError('not-found', { kind: 'single cell', id });
  return found;
}
