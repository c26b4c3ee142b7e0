import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fillNormal, seededUint32 } from './seeded-normal.ts';
import { DEMO_SENTENCES } from './sentences.ts';

/**
 * A seeded random checkpoint with exactly the architecture of `cross-encoder/ms-marco-MiniLM-L-6-v2`, so that the demo measures the real graph on a
 * machine that has no network. Its answers mean nothing: everything made from it is flagged `synthetic`.
 */

/** Marks a folder whose weights are not a model's own. Submitting such a folder flags its results. */
export const SYNTHETIC_MARKER = 'grove-synthetic.json';

const SEED = 20_260;
const HIDDEN = 384;
const LAYERS = 6;
const INNER = 1_536;
const VOCABULARY = 30_522;
const POSITIONS = 512;

const CONFIG = {
  architectures: ['BertForSequenceClassification'],
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: HIDDEN,
  id2label: { '0': 'LABEL_0' },
  initializer_range: 0.02,
  intermediate_size: INNER,
  label2id: { LABEL_0: 0 },
  layer_norm_eps: 1e-12,
  max_position_embeddings: POSITIONS,
  model_type: 'bert',
  num_attention_heads: 12,
  num_hidden_layers: LAYERS,
  pad_token_id: 0,
  position_embedding_type: 'absolute',
  torch_dtype: 'float32',
  type_vocab_size: 2,
  use_cache: true,
  vocab_size: VOCABULARY,
};

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Standard deviation; 'one' and 'zero' are constants (LayerNorm). */
  readonly fill: number | 'one' | 'zero';
}

/** Attention weights are wider than the rest: with 0.02 everywhere all inputs get almost the same answer, and a wrong conversion would not show. */
function weights(): readonly Weight[] {
  const list: Weight[] = [];
  const dense = (name: string, shape: readonly [number, number], deviation = 0.02) => {
    list.push({ name: `${name}.weight`, shape, fill: deviation }, { name: `${name}.bias`, shape: [shape[0]], fill: 0.02 });
  };
  const layerNorm = (name: string) => {
    list.push({ name: `${name}.weight`, shape: [HIDDEN], fill: 'one' }, { name: `${name}.bias`, shape: [HIDDEN], fill: 'zero' });
  };
  const embeddings = 'bert.embeddings';
  list.push({ name: `${embeddings}.word_embeddings.weight`, shape: [VOCABULARY, HIDDEN], fill: 0.02 });
  list.push({ name: `${embeddings}.position_embeddings.weight`, shape: [POSITIONS, HIDDEN], fill: 0.02 });
  list.push({ name: `${embeddings}.token_type_embeddings.weight`, shape: [2, HIDDEN], fill: 0.02 });
  layerNorm(`${embeddings}.LayerNorm`);
  for (let index = 0; index < LAYERS; index++) {
    const layer = `bert.encoder.layer.${index}`;
    for (const part of ['query', 'key', 'value']) dense(`${layer}.attention.self.${part}`, [HIDDEN, HIDDEN], 0.05);
    dense(`${layer}.attention.output.dense`, [HIDDEN, HIDDEN], 0.05);
    layerNorm(`${layer}.attention.output.LayerNorm`);
    dense(`${layer}.intermediate.dense`, [INNER, HIDDEN]);
    dense(`${layer}.output.dense`, [HIDDEN, INNER]);
    layerNorm(`${layer}.output.LayerNorm`);
  }
  dense('bert.pooler.dense', [HIDDEN, HIDDEN]);
  dense('classifier', [1, HIDDEN], 0.2);
  return list;
}

/** Writes the checkpoint, its tokenizer and the marker into `folder` (about 92 MB). The same bytes every time. */
export async function writeSyntheticModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'model.safetensors'), weights());
  const files: Readonly<Record<string, unknown>> = {
    'config.json': CONFIG,
    'tokenizer.json': tokenizer(),
    'tokenizer_config.json': { do_lower_case: true, model_max_length: POSITIONS, tokenizer_class: 'BertTokenizer' },
    [SYNTHETIC_MARKER]: {
      synthetic: true,
      seed: SEED,
      note: 'Random weights made by `grove demo`; the architecture is real, the answers mean nothing.',
    },
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), `${JSON.stringify(content)}\n`);
}

/** Writes the demo's evaluation rows as JSON Lines with the column the recipes read. */
export async function writeDemoRows(path: string): Promise<void> {
  await writeFile(path, DEMO_SENTENCES.map((premise) => `${JSON.stringify({ premise, text: premise })}\n`).join(''));
}

async function writeSafetensors(path: string, list: readonly Weight[]): Promise<void> {
  const header: Record<string, { dtype: string; shape: readonly number[]; data_offsets: readonly [number, number] }> = {};
  let offset = 0;
  for (const { name, shape } of list) {
    const sizeBytes = 4 * elementCount(shape);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + sizeBytes] };
    offset += sizeBytes;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const stream = createWriteStream(path);
  const next = seededUint32(SEED);
  for (const chunk of [length, text]) stream.write(chunk);
  for (const weight of list) if (!stream.write(littleEndian(valuesOf(weight, next)))) await once(stream, 'drain');
  stream.end();
  await once(stream, 'finish');
}

function valuesOf({ shape, fill }: Weight, next: () => number): Float32Array {
  const values = new Float32Array(elementCount(shape));
  if (fill === 'one') values.fill(1);
  else if (fill !== 'zero') fillNormal(values, fill, next);
  return values;
}

/** Every platform Node runs on is little-endian, as safetensors is. */
function littleEndian(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

function tokenizer(): unknown {
  const special = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const sequence = (id: 'A' | 'B', type_id: number) => ({ Sequence: { id, type_id } });
  const token = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const single = [token('[CLS]', 0), sequence('A', 0), token('[SEP]', 0)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(SPECIAL_IDS).map(([content, id]) => special(id, content)),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), token('[SEP]', 1)],
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [101], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [102], tokens: ['[SEP]'] } },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: vocabulary() },
  };
}

const SPECIAL_IDS: Readonly<Record<string, number>> = { '[PAD]': 0, '[UNK]': 100, '[CLS]': 101, '[SEP]': 102, '[MASK]': 103 };

/** 30,522 pieces: specials where BERT has them, characters, the words of the demo's sentences, then invented syllables. */
export function vocabulary(): Readonly<Record<string, number>> {
  const vocab: Record<string, number> = { ...SPECIAL_IDS };
  const taken = new Set(Object.values(SPECIAL_IDS));
  let id = 0;
  for (const piece of pieces()) {
    if (Object.hasOwn(vocab, piece)) continue;
    while (taken.has(id)) id++;
    if (id >= VOCABULARY) break;
    vocab[piece] = id++;
  }
  return vocab;
}

function* pieces(): Generator<string> {
  for (let index = 0; index < 994; index++) yield `[unused${index}]`;
  const characters = 'abcdefghijklmnopqrstuvwxyz0123456789.,;:!?\'"()-';
  for (const character of characters) yield character;
  for (const character of characters) yield `##${character}`;
  for (const sentence of DEMO_SENTENCES) yield* sentence.toLowerCase().match(/[a-z]+/g) ?? [];
  const onsets = ['b', 'c', 'd', 'f', 'g', 'h', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'st', 'tr', 'gr', 'pl'];
  const rimes = ['a', 'e', 'i', 'o', 'u', 'an', 'en', 'in', 'on', 'ar', 'er', 'or', 'al', 'el'];
  const syllables = onsets.flatMap((onset) => rimes.map((rime) => onset + rime));
  for (const syllable of syllables) yield* [syllable, `##${syllable}`];
  for (const first of syllables) for (const second of syllables) yield first + second;
}
