import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataConfig, JsonObject } from '../../domain/recipe/recipe.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { type DataConfigInputs, evaluateDataConfig } from './data-config.ts';
import { rowRange } from './split.ts';
import { writeSmallTokenizer } from './tokenizer.cases.ts';
import { loadTokenizer, type TextTokenizer } from './tokenizer.ts';

let folder: string;
let tokenizer: TextTokenizer;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-data-config-'));
  await writeSmallTokenizer(folder);
  tokenizer = await loadTokenizer(folder);
  file = join(folder, 'rows.jsonl');
  const rows = [
    { premise: 'the cat sat', hypothesis: 'a dog', lang: 'en' },
    { premise: 'the mat', hypothesis: 'the dog sat on the mat', lang: 'de' },
    { premise: 'cat', hypothesis: 'cat', lang: 'en' },
    { premise: 'dog', hypothesis: '', lang: 'en' },
  ];
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const component = (params: JsonObject = {}, type: string | null = null) => ({ type, params });

function config(
  changes: Omit<Partial<DataConfig>, 'tokenization'> & { tokenization?: Partial<DataConfig['tokenization']> } = {},
): DataConfig {
  const tokenization = {
    columns: ['premise'],
    maxSamples: null,
    padding: 'max_length',
    truncation: true,
    maxLength: 6,
    addSpecialTokens: true,
  } as const;
  return {
    name: 'xnli',
    path: '$.data_configs[0]',
    type: 'HuggingfaceContainer',
    source: { dataset: 'facebook/xnli', subset: 'en', split: 'validation', dataFiles: null },
    labelColumn: 'label',
    batchSize: 1,
    dropLast: false,
    load: component(),
    preProcess: component(),
    postProcess: component(),
    dataloader: component(),
    ...changes,
    tokenization: { ...tokenization, ...changes.tokenization },
  };
}

async function evaluate(inputs: DataConfigInputs): Promise<readonly NamedTensors[]> {
  const batches: NamedTensors[] = [];
  for await (const batch of evaluateDataConfig(inputs)) batches.push(batch);
  return batches;
}

const ids = (batch: NamedTensors | undefined) => {
  const tensor = batch?.['input_ids'];
  return tensor?.dtype === 'int64' ? [...tensor.data].map(Number) : undefined;
};

describe('evaluateDataConfig', () => {
  it('reads no further than the batches that were asked for', async () => {
    await writeFile(file, '{"premise":"cat"}\n{"premise":"mat"}\nnot JSON');
    const batches = evaluateDataConfig({ config: config(), file, tokenizer });
    expect((await batches.next()).value).toBeDefined();
    expect((await batches.next()).value).toBeDefined();
    await expect(batches.next()).rejects.toThrow(/line 3/);
  });

  it('keeps the rows of one batch when padding does not look at others', async () => {
    const held: number[] = [];
    const counting: TextTokenizer = {
      ...tokenizer,
      encode(rows, options) {
        held.push(rows.length);
        return tokenizer.encode(rows, options);
      },
    };
    await writeFile(file, '{"premise":"cat"}\n'.repeat(2_500));
    const padded = await evaluate({ config: config({ batchSize: 2 }), file, tokenizer: counting });
    expect([padded.length, Math.max(...held)]).toEqual([1_250, 2]);
    const longest = { padding: 'longest', maxLength: null } as const;
    expect(await evaluate({ config: config({ tokenization: longest }), file, tokenizer: counting })).toHaveLength(2_500);
    expect(held.slice(1_250)).toEqual([1_000, 1_000, 500]);
  });

  it('yields one padded [1, max_length] batch a row, in file order', async () => {
    const batches = await evaluate({ config: config(), file, tokenizer });
    expect(batches.map(ids)).toEqual([
      [2, 4, 5, 6, 3, 0],
      [2, 4, 8, 3, 0, 0],
      [2, 5, 3, 0, 0, 0],
      [2, 11, 3, 0, 0, 0],
    ]);
    expect(Object.keys(batches[0] ?? {})).toEqual(['input_ids', 'attention_mask', 'token_type_ids']);
    expect(batches[0]?.['input_ids']?.dims).toEqual([1, 6]);
  });

  it('takes rows before tokenising, so a small max_samples changes the padding of the rest', async () => {
    const longest = { padding: 'longest', maxLength: null } as const;
    const two = await evaluate({ config: config({ tokenization: { ...longest, maxSamples: 1 } }), file, tokenizer });
    const all = await evaluate({ config: config({ tokenization: { ...longest, columns: ['hypothesis'] } }), file, tokenizer });
    expect(two.map(ids)).toEqual([[2, 4, 5, 6, 3]]);
    expect(all.map((batch) => batch['input_ids']?.dims)).toEqual(new Array(4).fill([1, 8]));
  });

  it('encodes two columns as a pair, and takes the columns of the caller first', async () => {
    const batches = await evaluate({
      config: config({ tokenization: { maxSamples: 1, maxLength: 8 } }),
      file,
      tokenizer,
      columns: ['premise', 'hypothesis'],
    });
    expect(batches.map(ids)).toEqual([[2, 4, 5, 6, 3, 10, 11, 3]]);
  });

  it('takes a list of candidates as a row each, before max_samples', async () => {
    const candidates = [{ text: 'cat', label: 1 }, { text: 'mat' }];
    await writeFile(
      file,
      [
        { q: 'the dog', candidates },
        { q: 'a cat', candidates: ['dog'] },
        { q: 'mat', candidates: [] },
      ]
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const pairs = { config: config({ tokenization: { maxLength: 8 } }), file, tokenizer, columns: ['q', 'candidates'] };
    expect((await evaluate(pairs)).map(ids)).toEqual([
      [2, 4, 11, 3, 5, 3, 0, 0],
      [2, 4, 11, 3, 8, 3, 0, 0],
      [2, 10, 5, 3, 11, 3, 0, 0],
    ]);
    const two = { ...pairs, config: config({ tokenization: { maxLength: 8, maxSamples: 2 } }) };
    expect(await evaluate(two)).toHaveLength(2);
  });

  it('batches rows and drops an incomplete last batch only when asked', async () => {
    const kept = await evaluate({ config: config({ batchSize: 3 }), file, tokenizer });
    const dropped = await evaluate({ config: config({ batchSize: 3, dropLast: true }), file, tokenizer });
    expect(kept.map((batch) => batch['input_ids']?.dims)).toEqual([
      [3, 6],
      [1, 6],
    ]);
    expect(dropped.map((batch) => batch['input_ids']?.dims)).toEqual([[3, 6]]);
  });

  it('applies the slice of the split and the column filters before max_samples', async () => {
    const source = { dataset: 'x', subset: null, split: 'train[1:4]', dataFiles: null };
    const load = component({ col_filters: { lang: 'en' } });
    const batches = await evaluate({ config: config({ source, load, tokenization: { maxSamples: 1 } }), file, tokenizer });
    expect(batches.map(ids)).toEqual([[2, 5, 3, 0, 0, 0]]);
  });

  it('gives ones for a DummyDataContainer', async () => {
    const load = component({ input_names: ['x', 'ids'], input_shapes: [[2, 3], [1]], input_types: ['float16', 'int64'] });
    const batches = await evaluate({ config: config({ type: 'dummydatacontainer', load }) });
    expect(batches).toHaveLength(32);
    expect(batches[31]).toEqual({
      x: { dtype: 'float16', dims: [2, 3], data: new Uint16Array(6).fill(0x3c00) },
      ids: { dtype: 'int64', dims: [1], data: BigInt64Array.of(1n) },
    });
  });

  it.each([
    ['another container', { type: 'TransformersPromptDummyDataContainer' }, /container Transformers/],
    ['a loader from a user script', { load: component({}, 'clip_dataset') }, /clip_dataset/],
    ['a percentage split', { source: { dataset: 'x', subset: null, split: 'train[:5%]', dataFiles: null } }, /split/],
    ['three columns', { tokenization: { columns: ['a', 'b', 'c'] } }, /one or two columns/],
    ['unequal rows in one batch', { batchSize: 2, tokenization: { padding: 'none' } }, /differ in length/],
  ] satisfies [string, Parameters<typeof config>[0], RegExp][])('refuses %s', async (_, changes, message) => {
    const evaluation = evaluate({ config: config(changes), file, tokenizer });
    await expect(evaluation).rejects.toMatchObject({ code: 'unsupported-data', message: expect.stringMatching(message) });
  });

  it('refuses a row without text and an empty selection', async () => {
    await writeFile(file, '{"premise":"cat"}\n{"premise":null}\n');
    await expect(evaluate({ config: config(), file, tokenizer })).rejects.toThrow(/Row 1 .*null, not text/);
    const source = { dataset: 'x', subset: null, split: 'train[9:]', dataFiles: null };
    await expect(evaluate({ config: config({ source }), file, tokenizer })).rejects.toThrow(/no row is left/);
  });
});

describe('rowRange', () => {
  it('reads row slices and refuses what needs the length of the split', () => {
    expect(rowRange('train[:300]')).toEqual({ from: 0, to: 300 });
    expect(rowRange('train[10:20]')).toEqual({ from: 10, to: 20 });
    expect(rowRange('train[-5:]')).toBeUndefined();
    expect(rowRange('train+test')).toBeUndefined();
  });
});

const data = process.env['GROVE_TEST_DATA'];
if (data) {
  describe('on XNLI', () => {
    it('tokenises the ten rows of the recipes, of which four premises are distinct', async () => {
      const xnli = config({ tokenization: { maxSamples: 10, maxLength: 128 } });
      const model = await loadTokenizer(join(data, 'ms-marco-MiniLM-L-6-v2'));
      const batches = await evaluate({
        config: xnli,
        file: join(data, 'xnli-en-validation', 'xnli.en.validation.jsonl'),
        tokenizer: model,
      });
      expect(batches).toHaveLength(10);
      expect(batches.every((batch) => batch['input_ids']?.dims.join() === '1,128')).toBe(true);
      expect(new Set(batches.map((batch) => String(ids(batch)))).size).toBe(4);
    });
  });
}
