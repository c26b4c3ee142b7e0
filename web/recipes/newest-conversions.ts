import { listedCells, type Matrix } from '../../api/words.ts';

/** Conversions that a recipe page shows: a recipe that is run with many models has many. */
const MAX_SHOWN = 3;

/** Keys of the conversions behind a recipe's cells, the newest measured first. */
export function newestConversions(matrix: Matrix, recipeId: string): readonly string[] {
  const cells = listedCells(matrix)
    .map(({ cell }) => cell)
    .filter(({ key }) => key.recipeId.split(' ')[0] === recipeId)
    .sort((a, b) => (b.provenance.measuredAt ?? 0) - (a.provenance.measuredAt ?? 0));
  return [...new Set(cells.flatMap(({ provenance: { conversionKey } }) => conversionKey ?? []))].slice(0, MAX_SHOWN);
}
