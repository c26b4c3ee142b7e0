import type { GroveClient } from '../api/client.ts';
import { cellIdSchema } from '../domain/curation.ts';
import { GroveError } from '../domain/errors.ts';
import type { Cell, Matrix } from '../domain/matrix.ts';
import { recipeLabel } from '../domain/matrix-text.ts';

const MAX_NAMED = 20;

/** A cell as people name it: its id, or `RECIPE@DEVICE`. Throws `not-found`, and `invalid-argument` when the words fit several cells. */
export async function resolveCell(client: Pick<GroveClient, 'matrix'>, argument: string): Promise<string> {
  if (cellIdSchema.safeParse(argument).success) return argument;
  const fitting = cellsNamed(await client.matrix(), argument);
  const [only] = fitting;
  if (only === undefined) throw new GroveError('not-found', { kind: 'cell', id: argument });
  if (fitting.length === 1) return only.id;
  const choices = fitting.slice(0, MAX_NAMED).map(({ id, key }) => `${id} (${key.tier}, ${key.condition || 'not measured'})`);
  throw new GroveError('invalid-argument', { problem: `"${argument}" fits ${fitting.length} cells: ${choices.join(', ')}` });
}

/** The recipe by its id, file name or label; the device by its name or model. */
function cellsNamed({ cells }: Matrix, argument: string): readonly Cell[] {
  const at = argument.lastIndexOf('@');
  const recipe = argument.slice(0, at);
  const device = argument.slice(at + 1);
  if (at < 1) return [];
  return cells.flat().filter((cell): cell is Cell => {
    if (cell === null) return false;
    const { recipeId, deviceModel } = cell.key;
    const names = [recipeId, recipeId.split('/').at(-1), recipeLabel(recipeId)];
    return (names.includes(recipe) || names.includes(`${recipe}.json`)) && [deviceModel, ...cell.units].includes(device);
  });
}
