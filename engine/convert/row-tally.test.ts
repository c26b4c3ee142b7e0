import { describe, expect, it } from 'vitest';
import { parse } from '../../domain/recipe/recipe.cases.ts';
import { int64Tensor, type NamedTensors } from '../runtime/tensor.ts';
import { RowTally } from './row-tally.ts';

const { recipe } = parse({
  input_model: { type: 'HfModel', model_path: 'some/model', task: 'feature-extraction' },
  passes: { conversion: { type: 'OnnxConversion' } },
  data_configs: [
    {
      name: 'rows',
      type: 'HuggingfaceContainer',
      load_dataset_config: { data_name: 'some/set' },
      pre_process_data_config: { input_cols: ['text'], max_samples: 4 },
      dataloader_config: { batch_size: 2 },
    },
    { name: 'dummy', type: 'DummyDataContainer', load_dataset_config: { input_shapes: [[1, 2]], input_names: ['x'] } },
  ],
});

const batchOf = (...rows: readonly number[]): NamedTensors => ({
  input_ids: int64Tensor(
    rows.flatMap((row) => [101, row]),
    [rows.length, 2],
  ),
  attention_mask: int64Tensor(Array<number>(rows.length * 2).fill(1), [rows.length, 2]),
});

async function findingsOf(batches: readonly NamedTensors[], { name = 'rows', readings = 1, stopAfter = Number.POSITIVE_INFINITY } = {}) {
  const tally = new RowTally(recipe.dataConfigs);
  const read = tally.counting(async function* () {
    yield* batches;
  });
  for (let reading = 0; reading < readings; reading++) {
    let count = 0;
    for await (const batch of read(name)) {
      expect(batch).toBe(batches[count]);
      if (++count >= stopAfter) break;
    }
  }
  return tally.findings().map(({ rule, path, message }) => `${rule} ${path}: ${message}`);
}

describe('RowTally', () => {
  it('finds nothing in as many distinct rows as were asked for', async () => {
    expect(await findingsOf([batchOf(1, 2), batchOf(3, 4)])).toEqual([]);
  });

  it('tells rows that repeat, within a batch and across', async () => {
    expect(await findingsOf([batchOf(1, 1), batchOf(1, 2)])).toEqual([
      'rows-repeat $.data_configs[0]: the 4 rows of rows hold 2 distinct texts',
    ]);
  });

  it('tells data that has fewer rows than asked for', async () => {
    expect(await findingsOf([batchOf(1, 2), batchOf(3)])).toEqual([
      'rows-run-out $.data_configs[0].pre_process_data_config.max_samples: rows asks for 4 rows, the data has 3',
    ]);
  });

  it('counts the first reading only', async () => {
    expect(await findingsOf([batchOf(1, 2), batchOf(3, 4)], { readings: 3 })).toEqual([]);
  });

  it('says nothing of rows that a pass did not read to the end, or that are made up', async () => {
    expect(await findingsOf([batchOf(1, 1), batchOf(1)], { stopAfter: 1 })).toEqual([]);
    expect(await findingsOf([batchOf(1, 1)], { name: 'dummy' })).toEqual([]);
  });
});
