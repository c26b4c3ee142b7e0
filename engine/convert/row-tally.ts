import { createHash } from 'node:crypto';
import { isDummyData } from '../../domain/recipe/conversion-data.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import { type NamedTensors, type Tensor, tensorBytes } from '../runtime/tensor.ts';
import type { DataReader } from './conversion-data.ts';
import type { ConvertFinding } from './convert-request.ts';

/** Rows of one data config that are told apart; more than any calibration reads. */
const MAX_ROWS = 100_000;

interface Tally {
  rows: number;
  readonly distinct: Set<string>;
  /** The pass read to the end. */
  complete: boolean;
}

/** Counts the rows that passes read of each data config, so that a calibration on too few or on equal rows is told. */
export class RowTally {
  readonly #configs: readonly DataConfig[];
  readonly #tallies = new Map<string, Tally>();

  constructor(configs: readonly DataConfig[]) {
    this.#configs = configs;
  }

  /** The same rows, counted at the first reading of each config. */
  counting(read: DataReader): DataReader {
    return (name) => (this.#tallies.has(name) ? read(name) : this.#count(name, read(name)));
  }

  async *#count(name: string, batches: AsyncIterable<NamedTensors>): AsyncGenerator<NamedTensors> {
    const tally: Tally = { rows: 0, distinct: new Set(), complete: false };
    this.#tallies.set(name, tally);
    for await (const batch of batches) {
      const rows = Math.max(1, ...Object.values(batch).map(({ dims }) => dims[0] ?? 1));
      for (let row = 0; row < rows && tally.rows < MAX_ROWS; row++, tally.rows++) tally.distinct.add(digestOfRow(batch, row, rows));
      yield batch;
    }
    tally.complete = true;
  }

  /** What the counts say, for configs that were read to their end. Rows made up by Olive's dummy containers are equal on purpose. */
  findings(): readonly ConvertFinding[] {
    return this.#configs.flatMap((config) => {
      const tally = this.#tallies.get(config.name);
      if (tally === undefined || !tally.complete || isDummyData(config)) return [];
      return [...ranOut(config, tally), ...repeats(config, tally)];
    });
  }
}

function ranOut({ name, path, tokenization, dropLast, batchSize }: DataConfig, { rows }: Tally): readonly ConvertFinding[] {
  const asked = tokenization.maxSamples;
  const dropped = dropLast ? batchSize - 1 : 0;
  if (asked === null || rows + dropped >= asked) return [];
  const message = `${name} asks for ${asked} rows, the data has ${rows}`;
  return [{ rule: 'rows-run-out', path: `${path}.pre_process_data_config.max_samples`, message }];
}

function repeats({ name, path }: DataConfig, { rows, distinct }: Tally): readonly ConvertFinding[] {
  if (distinct.size === rows) return [];
  return [{ rule: 'rows-repeat', path, message: `the ${rows} rows of ${name} hold ${distinct.size} distinct texts` }];
}

function digestOfRow(batch: NamedTensors, row: number, rows: number): string {
  const hash = createHash('sha1');
  for (const tensor of Object.values(batch)) hash.update(bytesOfRow(tensor, row, rows));
  return hash.digest('base64');
}

function bytesOfRow(tensor: Tensor, row: number, rows: number): Uint8Array {
  if (tensor.dtype === 'string') return Buffer.from(tensor.data[row] ?? '');
  const bytes = tensorBytes(tensor);
  const length = bytes.length / rows;
  return bytes.subarray(row * length, (row + 1) * length);
}
