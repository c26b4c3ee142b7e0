import { open, writeFile } from 'node:fs/promises';
import { GroveError } from '../../../domain/errors.ts';
import { type NamedTensors, tensorBytes } from '../../runtime/tensor.ts';

/** NNCF reads this many rows at most unless told otherwise, and nothing here tells it. */
const MAX_ROWS = 300;

interface Entry {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly offset: number;
}

/** Where rows are taken from and written to. */
export interface RowSource {
  readonly batches: AsyncIterable<NamedTensors>;
  /** Tensors of each batch that are written. */
  readonly names: readonly string[];
  /** Absolute path of the index; the bytes lie beside it. */
  readonly indexPath: string;
  /** Type of the pass that reads them, for errors. */
  readonly pass: string;
}

/**
 * Writes batches as the worker reads them: raw little-endian bytes in one file, and an index of what lies where. Returns how many. Throws
 * `pass-failed` when a batch lacks one of the names, or there is none.
 */
export async function writeCalibrationRows({ batches, names, indexPath, pass }: RowSource): Promise<number> {
  const dataPath = `${indexPath}.bytes`;
  const rows: Record<string, Entry>[] = [];
  const file = await open(dataPath, 'w');
  try {
    let offset = 0;
    for await (const batch of batches) {
      const entries: [string, Entry][] = [];
      for (const name of names) {
        const tensor = batch[name];
        if (tensor === undefined || tensor.dtype === 'string') throw lacking(pass, name, batch);
        const bytes = tensorBytes(tensor);
        await file.write(bytes);
        entries.push([name, { dtype: tensor.dtype, dims: tensor.dims, offset }]);
        offset += bytes.byteLength;
      }
      rows.push(Object.fromEntries(entries));
      if (rows.length === MAX_ROWS) break;
    }
  } finally {
    await file.close();
  }
  if (rows.length === 0) throw new GroveError('pass-failed', { type: pass, problem: 'its data_config has no rows' });
  await writeFile(indexPath, JSON.stringify({ data: dataPath, rows }));
  return rows.length;
}

function lacking(type: string, name: string, batch: NamedTensors): GroveError {
  const problem = `the rows have no "${name}"; they have ${Object.keys(batch).join(', ')}`;
  return new GroveError('pass-failed', { type, problem });
}
