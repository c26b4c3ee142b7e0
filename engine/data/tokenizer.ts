import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { GroveError } from '../../domain/errors.ts';
import { int64Tensor, type TensorOf } from '../runtime/tensor.ts';
import { type TokenizerConfig, tokenizerConfigSchema, tokenizerFileSchema } from './tokenizer-files.ts';
import { type Truncation, truncatedLengths } from './truncate.ts';

/** Largest tokenizer file that is read. The largest in common use (multilingual Unigram with a compiled character map) has about 35 MB. */
const MAX_TOKENIZER_BYTES = 128 * 1024 * 1024;
/** Longest text that is tokenised, in UTF-16 units. */
const MAX_TEXT_LENGTH = 1_000_000;
/** Above this a tokenizer_config's `model_max_length` means "none"; transformers writes 1e30. */
const LARGEST_MODEL_LENGTH = 1_000_000;

/** How rows of unequal length are made equal. */
export type Padding = 'longest' | 'max_length' | 'none';

/** One text, or a sentence pair. */
export interface TextInput {
  readonly text: string;
  readonly pair?: string;
}

export interface EncodeOptions {
  /** Default `none`. */
  readonly truncation?: Truncation;
  /** Default `none`. */
  readonly padding?: Padding;
  /** Tokens per row including special ones. Default: the tokenizer's own `model_max_length`, if it has one. */
  readonly maxLength?: number;
  /** Default true. */
  readonly addSpecialTokens?: boolean;
}

/** Token ids of one row; the three arrays have one length. */
export interface Encoding {
  readonly inputIds: readonly number[];
  /** 0 for the first sequence and its special tokens, 1 for the second. */
  readonly tokenTypeIds: readonly number[];
  /** 1 for a token, 0 for padding. */
  readonly attentionMask: readonly number[];
}

/** int64 tensors of shape [rows, tokens] under the names that Hugging Face exports use. */
export type EncodedBatch = Readonly<Record<'input_ids' | 'token_type_ids' | 'attention_mask', TensorOf<'int64'>>>;

/** Turns text into ids exactly as the Hugging Face fast tokenizer of the same files does, with truncation and padding. */
export interface TextTokenizer {
  /** The largest id that the files give a token, -1 without any. */
  readonly largestTokenId: number;
  /** Longest row the model takes, when the files say so. */
  readonly modelMaxLength: number | undefined;
  /**
   * Encodes rows. With padding `longest` all rows get the length of the longest row of this call.
   * Throws `invalid-tokenizer` when padding is asked and the files name no padding token, and `invalid-row` when a text is too long or the
   * truncation cannot reach `maxLength`.
   */
  encode(rows: readonly TextInput[], options?: EncodeOptions): readonly Encoding[];
}

/**
 * Loads `tokenizer.json` (required) and `tokenizer_config.json` (optional) from a model folder.
 * Throws `invalid-tokenizer` when a file is missing, malformed or of a kind that is not known, `too-large` above {@link MAX_TOKENIZER_BYTES}.
 */
export async function loadTokenizer(folder: string): Promise<TextTokenizer> {
  const path = join(folder, 'tokenizer.json');
  const file = parseFile(tokenizerFileSchema, path, await readJson(path, true));
  const configPath = join(folder, 'tokenizer_config.json');
  const config = parseFile(tokenizerConfigSchema, configPath, (await readJson(configPath, false)) ?? {});
  try {
    return new HuggingFaceTokenizer(new Tokenizer(file, config), config, path);
  } catch (cause) {
    throw invalid(path, messageOf(cause), cause);
  }
}

/** Stacks rows of one length into int64 tensors. Throws RangeError when the lengths differ. */
export function stackEncodings(rows: readonly Encoding[]): EncodedBatch {
  const dims = [rows.length, rows[0]?.inputIds.length ?? 0];
  return {
    input_ids: int64Tensor(
      rows.flatMap((row) => row.inputIds),
      dims,
    ),
    attention_mask: int64Tensor(
      rows.flatMap((row) => row.attentionMask),
      dims,
    ),
    token_type_ids: int64Tensor(
      rows.flatMap((row) => row.tokenTypeIds),
      dims,
    ),
  };
}

class HuggingFaceTokenizer implements TextTokenizer {
  readonly largestTokenId: number;
  readonly modelMaxLength: number | undefined;
  readonly #tokenizer: Tokenizer;
  readonly #config: TokenizerConfig;
  readonly #where: string;

  constructor(tokenizer: Tokenizer, config: TokenizerConfig, where: string) {
    this.#tokenizer = tokenizer;
    this.#config = config;
    this.#where = where;
    this.largestTokenId = tokenizer.model.vocab.findLastIndex((token: string | undefined) => token !== undefined);
    const declared = config.model_max_length;
    this.modelMaxLength = declared !== undefined && declared <= LARGEST_MODEL_LENGTH ? declared : undefined;
  }

  encode(rows: readonly TextInput[], options: EncodeOptions = {}): readonly Encoding[] {
    const encodings = rows.map((row, index) => this.#guard(index, () => this.#encodeRow(row, index, options)));
    const length = this.#paddedLength(encodings, options);
    if (length === undefined) return encodings;
    const padId = this.#padId();
    return encodings.map((encoding) => pad(encoding, { length, padId, left: this.#config.padding_side === 'left' }));
  }

  /** The library trusts its files: a wrong one may load and fail only when a text reaches the wrong part. */
  #guard<T>(index: number, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof GroveError) throw cause;
      throw invalid(this.#where, `it cannot encode row ${index} (${messageOf(cause)})`, cause);
    }
  }

  #encodeRow(row: TextInput, index: number, options: EncodeOptions): Encoding {
    const first = this.#tokens(row.text, index);
    const second = row.pair === undefined ? null : this.#tokens(row.pair, index);
    const addSpecialTokens = options.addSpecialTokens ?? true;
    const budget = this.#budget(second !== null, addSpecialTokens, options.maxLength);
    const kept = truncatedLengths({ first: first.length, second: second?.length ?? 0 }, budget, options.truncation ?? 'none');
    if (kept === undefined)
      throw new GroveError('invalid-row', { index, problem: `${options.truncation} cannot shorten it to ${budget} tokens` });
    return this.#assemble(this.#cut(first, kept.first), second && this.#cut(second, kept.second), addSpecialTokens);
  }

  #tokens(text: string, index: number): string[] {
    if (text.length > MAX_TEXT_LENGTH) {
      throw new GroveError('invalid-row', { index, problem: `its text has ${text.length} characters, the limit is ${MAX_TEXT_LENGTH}` });
    }
    return this.#tokenizer.tokenize(text, { add_special_tokens: false });
  }

  /** Tokens left for the texts once special tokens are counted; never negative. */
  #budget(isPair: boolean, addSpecialTokens: boolean, maxLength: number | undefined): number {
    const limit = maxLength ?? this.modelMaxLength ?? Number.POSITIVE_INFINITY;
    const specialTokens = addSpecialTokens ? this.#assemble([], isPair ? [] : null, true).inputIds.length : 0;
    return Math.max(0, limit - specialTokens);
  }

  #cut(tokens: readonly string[], length: number): string[] {
    return this.#config.truncation_side === 'left' ? tokens.slice(tokens.length - length) : tokens.slice(0, length);
  }

  #assemble(first: string[], second: string[] | null, addSpecialTokens: boolean): Encoding {
    const processed = this.#tokenizer.post_processor?.(first, second, addSpecialTokens) ?? { tokens: [...first, ...(second ?? [])] };
    const inputIds = processed.tokens.map((token: string) => this.#id(token));
    return {
      inputIds,
      tokenTypeIds: processed.token_type_ids ?? new Array<number>(inputIds.length).fill(0),
      attentionMask: new Array<number>(inputIds.length).fill(1),
    };
  }

  #id(token: string): number {
    const id = this.#tokenizer.token_to_id(token) ?? this.#tokenizer.model?.unk_token_id;
    if (typeof id !== 'number') throw invalid(this.#where, `it has no unknown token, so "${String(token).slice(0, 40)}" has no id`);
    return id;
  }

  #paddedLength(encodings: readonly Encoding[], options: EncodeOptions): number | undefined {
    if (options.padding === 'max_length') return options.maxLength ?? this.modelMaxLength;
    if (options.padding === 'longest') return encodings.reduce((longest, row) => Math.max(longest, row.inputIds.length), 0);
    return undefined;
  }

  #padId(): number {
    const token = this.#config.pad_token ?? '[PAD]';
    const id = this.#tokenizer.token_to_id(token);
    if (id === undefined) throw invalid(this.#where, `it has no padding token "${token}"`);
    return id;
  }
}

function pad(encoding: Encoding, { length, padId, left }: { length: number; padId: number; left: boolean }): Encoding {
  const missing = length - encoding.inputIds.length;
  if (missing <= 0) return encoding;
  const extend = (values: readonly number[], filler: number) => {
    const fill = new Array<number>(missing).fill(filler);
    return left ? [...fill, ...values] : [...values, ...fill];
  };
  return {
    inputIds: extend(encoding.inputIds, padId),
    tokenTypeIds: extend(encoding.tokenTypeIds, 0),
    attentionMask: extend(encoding.attentionMask, 0),
  };
}

async function readJson(path: string, required: boolean): Promise<unknown> {
  const size = await sizeOf(path, required);
  if (size === undefined) return undefined;
  if (size > MAX_TOKENIZER_BYTES) throw new GroveError('too-large', { what: path, sizeBytes: size, limitBytes: MAX_TOKENIZER_BYTES });
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    return parsed;
  } catch (cause) {
    throw invalid(path, messageOf(cause), cause);
  }
}

async function sizeOf(path: string, required: boolean): Promise<number | undefined> {
  try {
    const status = await stat(path);
    // Before opening: to open a named pipe would wait for its writer.
    if (status.isFile()) return status.size;
  } catch (cause) {
    if (!required) return undefined;
    throw invalid(path, 'the file cannot be read', cause);
  }
  throw invalid(path, 'it is not a file');
}

function parseFile<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error } },
  path: string,
  value: unknown,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(path, messageOf(result.error), result.error);
}

function invalid(where: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('invalid-tokenizer', { where, problem }, { cause });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
