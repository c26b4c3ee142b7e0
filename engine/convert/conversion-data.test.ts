import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataNeed } from '../../domain/recipe/conversion-data.ts';
import { minimalDocument, parse } from '../../domain/recipe/recipe.cases.ts';
import type { DataConfig, JsonObject } from '../../domain/recipe/recipe.ts';
import { writeSmallTokenizer } from '../data/tokenizer.cases.ts';
import { type ConversionData, openData } from './conversion-data.ts';

let folder: string;
let rows: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-conversion-data-'));
  await writeSmallTokenizer(folder);
  rows = join(folder, 'rows.jsonl');
  await writeFile(rows, '{"premise":"the cat sat"}\n{"premise":"the mat"}\n');
});
afterEach(() => rm(folder, { recursive: true }));

const TEXT: JsonObject = { type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: ['premise'], padding: 'longest' } };
const DUMMY: JsonObject = { type: 'DummyDataContainer', load_dataset_config: { input_names: ['x'], input_shapes: [[1, 2]] } };

function configs(documents: Readonly<Record<string, JsonObject>>): readonly DataConfig[] {
  const data_configs = Object.entries(documents).map(([name, document]) => ({ name, ...document }));
  return parse({ ...minimalDocument(), data_configs }).recipe.dataConfigs;
}

function dataOf(documents: Readonly<Record<string, JsonObject>>, changes: Partial<ConversionData> = {}): ConversionData {
  return { configs: configs(documents), rows: {}, tokenizerFolder: folder, ...changes };
}

const need = (name: string | null): DataNeed => ({
  name,
  pass: { name: `quantize_${name}`, type: 'OnnxStaticQuantization', path: '$.passes.q' },
});

describe('the data of a conversion', () => {
  it('is read from the start by everyone who asks', async () => {
    const { read } = await openData([need('text')], dataOf({ text: TEXT }, { rows: { text: { file: rows } } }));
    for (let time = 0; time < 2; time++) {
      const shapes: unknown[] = [];
      for await (const batch of read('text')) shapes.push(batch['input_ids']?.dims);
      expect(shapes).toEqual([
        [1, 5],
        [1, 5],
      ]);
    }
  });

  it('names everything that is missing, with the options that give it', async () => {
    const opening = openData([need('a'), need('b'), need('c')], dataOf({ a: TEXT, b: TEXT, c: TEXT }, { rows: { b: { file: rows } } }));
    await expect(opening).rejects.toMatchObject({
      code: 'unsupported-data',
      message: expect.stringContaining('--data a=FILE --data c=FILE'),
      problems: [expect.anything(), expect.anything()],
    });
  });

  it('is missed when a pass that calibrates names none', async () => {
    await expect(openData([need(null)], dataOf({ text: TEXT }))).rejects.toMatchObject({ code: 'pass-failed' });
  });

  it('needs neither rows nor a tokenizer when a container makes its rows up', async () => {
    const { read } = await openData([need('dummy')], dataOf({ dummy: DUMMY }, { tokenizerFolder: join(folder, 'absent') }));
    let batchCount = 0;
    for await (const _ of read('dummy')) batchCount += 1;
    expect(batchCount).toBe(32);
  });

  it.each([
    ['a container that needs Python', { type: 'TransformersPromptDummyDataContainer' }, 'unsupported-data'],
    ['unusable parameters of dummy data', { type: 'DummyDataContainer' }, 'unsupported-data'],
  ])('refuses %s before any row is read', async (_, document, code) => {
    const data = dataOf({ text: document }, { rows: { text: { file: join(folder, 'absent') } } });
    await expect(openData([need('text')], data)).rejects.toMatchObject({ code });
  });

  it('refuses a model without a tokenizer before any row is read', async () => {
    const data = dataOf({ text: TEXT }, { rows: { text: { file: rows } }, tokenizerFolder: join(folder, 'absent') });
    await expect(openData([need('text')], data)).rejects.toMatchObject({ code: 'invalid-tokenizer' });
  });

  it('is not opened when no pass reads any', async () => {
    const { read } = await openData([], undefined);
    expect(() => read('text')).toThrow(expect.objectContaining({ code: 'unsupported-data' }));
  });
});
