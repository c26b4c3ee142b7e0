import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallTokenizerFile, writeSmallTokenizer } from './tokenizer.cases.ts';
import { loadTokenizer, stackEncodings, type TextTokenizer } from './tokenizer.ts';

const data = process.env['GROVE_TEST_DATA'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-tokenizer-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function small(config?: Record<string, unknown>): Promise<TextTokenizer> {
  await writeSmallTokenizer(folder, config);
  return loadTokenizer(folder);
}

describe('TextTokenizer', () => {
  it('adds special tokens and tells the two sequences of a pair apart', async () => {
    const [row] = (await small()).encode([{ text: 'The cats', pair: 'a dog.' }]);
    expect(row).toEqual({
      inputIds: [2, 4, 5, 9, 3, 10, 11, 12, 3],
      tokenTypeIds: [0, 0, 0, 0, 0, 1, 1, 1, 1],
      attentionMask: new Array(9).fill(1),
    });
  });

  it('knows the largest id, added tokens counted', async () => {
    expect((await small()).largestTokenId).toBe(12);
    const added = [{ id: 99, content: '[NEW]', special: true }];
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify({ ...smallTokenizerFile(), added_tokens: added }));
    expect((await loadTokenizer(folder)).largestTokenId).toBe(99);
  });

  it('keeps the pair form when the second text is empty', async () => {
    const [row] = (await small()).encode([{ text: 'the cat', pair: '' }]);
    expect(row?.inputIds).toEqual([2, 4, 5, 3, 3]);
    expect(row?.tokenTypeIds).toEqual([0, 0, 0, 0, 1]);
  });

  it('truncates before special tokens and pads to max_length', async () => {
    const [row] = (await small()).encode([{ text: 'the cat sat on the mat' }], {
      truncation: 'longest_first',
      padding: 'max_length',
      maxLength: 5,
    });
    expect(row?.inputIds).toEqual([2, 4, 5, 6, 3]);
    const [short] = (await small()).encode([{ text: 'cat' }], { truncation: 'longest_first', padding: 'max_length', maxLength: 5 });
    expect(short).toEqual({ inputIds: [2, 5, 3, 0, 0], tokenTypeIds: [0, 0, 0, 0, 0], attentionMask: [1, 1, 1, 0, 0] });
  });

  it('pads to the longest row and stacks int64 tensors', async () => {
    const batch = stackEncodings((await small()).encode([{ text: 'cat' }, { text: 'the cat' }], { padding: 'longest' }));
    expect(batch.input_ids.dims).toEqual([2, 4]);
    expect([...batch.input_ids.data]).toEqual([2n, 5n, 3n, 0n, 2n, 4n, 5n, 3n]);
    expect([...batch.attention_mask.data]).toEqual([1n, 1n, 1n, 0n, 1n, 1n, 1n, 1n]);
  });

  it('falls back to the model length of the files and honours left padding and truncation', async () => {
    const tokenizer = await small({ pad_token: { content: '[PAD]' }, model_max_length: 4, padding_side: 'left', truncation_side: 'left' });
    const rows = tokenizer.encode([{ text: 'the cat sat' }, { text: 'cat' }], { truncation: 'longest_first', padding: 'max_length' });
    expect(rows.map((row) => row.inputIds)).toEqual([
      [2, 5, 6, 3],
      [0, 2, 5, 3],
    ]);
  });

  it('refuses a row that only_second cannot shorten', async () => {
    const tokenizer = await small();
    expect(() => tokenizer.encode([{ text: 'the cat sat on the mat', pair: 'a' }], { truncation: 'only_second', maxLength: 6 })).toThrow(
      /Row 0 .*only_second/,
    );
  });

  it.each([
    ['a vocabulary without its unknown token', { model: { type: 'WordPiece', vocab: {} } }],
    ['an unknown token without an id', { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: null } }],
    ['a post-processor without its tokens', { ...smallTokenizerFile(), post_processor: { type: 'BertProcessing' } }],
  ])('refuses %s where a text needs it', async (_, content) => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(content));
    const tokenizer = await loadTokenizer(folder);
    expect(() => tokenizer.encode([{ text: 'cat' }])).toThrow(expect.objectContaining({ code: 'invalid-tokenizer' }));
  });

  it('refuses a folder in the place of a file', async () => {
    await mkdir(join(folder, 'tokenizer.json'));
    await expect(loadTokenizer(folder)).rejects.toThrow('it is not a file');
  });

  it('refuses padding when no padding token exists', async () => {
    await writeSmallTokenizer(folder, { pad_token: '<pad>' });
    const tokenizer = await loadTokenizer(folder);
    expect(() => tokenizer.encode([{ text: 'cat' }], { padding: 'longest' })).toThrow(/no padding token "<pad>"/);
  });

  it.each([
    ['a missing file', undefined],
    ['text that is not JSON', '{'],
    ['a file without a model', '{"added_tokens":[]}'],
    ['an absurd token id', JSON.stringify({ ...smallTokenizerFile(), added_tokens: [{ id: 1e12, content: 'x' }] })],
    ['an absurd id in the vocabulary', JSON.stringify({ ...smallTokenizerFile(), model: { type: 'WordPiece', vocab: { x: 1e12 } } })],
    ['a vocabulary without numbers', JSON.stringify({ ...smallTokenizerFile(), model: { type: 'WordPiece', vocab: { x: '1' } } })],
    ['a model kind that is not known', JSON.stringify({ ...smallTokenizerFile(), model: { type: 'Oracle', vocab: {} } })],
    ['a post-processor that is not known', JSON.stringify({ ...smallTokenizerFile(), post_processor: { type: 'Oracle' } })],
  ])('refuses %s', async (_, text) => {
    if (text !== undefined) await writeFile(join(folder, 'tokenizer.json'), text);
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: 'invalid-tokenizer' });
  });
});

interface Golden {
  readonly kind: string;
  readonly a: string;
  readonly b: string | null;
  readonly input_ids: readonly number[];
  readonly token_type_ids: readonly number[];
  readonly attention_mask: readonly number[];
}

if (data) {
  describe('against the Rust tokenizers library', () => {
    it('gives every golden encoding of the ms-marco tokenizer', async () => {
      const model = join(data, 'ms-marco-MiniLM-L-6-v2');
      const tokenizer = await loadTokenizer(model);
      const lines = (await readFile(join(model, 'golden_encodings.jsonl'), 'utf8')).trim().split('\n');
      const golden: Golden[] = lines.map((line) => JSON.parse(line));
      const encoded = golden.map(
        ({ a, b }) => tokenizer.encode([b === null ? { text: a } : { text: a, pair: b }], { truncation: 'longest_first' })[0],
      );
      expect(golden.length).toBe(295);
      expect(encoded).toEqual(
        golden.map((row) => ({ inputIds: row.input_ids, tokenTypeIds: row.token_type_ids, attentionMask: row.attention_mask })),
      );
    });
  });
}
