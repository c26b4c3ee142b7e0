import { z } from 'zod';

/** Highest token id accepted: ids index arrays, so an absurd one would cost memory. The largest vocabularies in use have about 260,000. */
const MAX_TOKEN_ID = 4_000_000;

const tokenId = z.int().min(0).max(MAX_TOKEN_ID);

/**
 * Ids by token, checked in one pass over the values: a record schema copies and checks a vocabulary of 30,000 entry by entry, 50 ms of every conversion.
 */
export const tokenIdsSchema = z.custom<Readonly<Record<string, number>>>(isTokenIds, 'token ids must be whole numbers from 0');
const vocabulary = z.union([tokenIdsSchema, z.array(z.tuple([z.string(), z.number()])).max(MAX_TOKEN_ID)]);
const component = z.looseObject({ type: z.string() }).nullable();

function isTokenIds(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((id) => Number.isInteger(id) && id >= 0 && id <= MAX_TOKEN_ID);
}

/** What tells the ids of a tokenizer file. */
export interface TokenIds {
  readonly model: { readonly vocab: Readonly<Record<string, number>> | readonly unknown[] };
  readonly added_tokens: readonly { readonly id: number }[];
}

/** The largest id of a tokenizer file, -1 without any. */
export function largestTokenId({ model: { vocab }, added_tokens }: TokenIds): number {
  let largest = -1;
  if (isList(vocab)) largest = vocab.length - 1;
  else for (const id of Object.values(vocab)) largest = Math.max(largest, id);
  return added_tokens.reduce((most, { id }) => Math.max(most, id), largest);
}

function isList(vocab: TokenIds['model']['vocab']): vocab is readonly unknown[] {
  return Array.isArray(vocab);
}

/** The members of `tokenizer.json` that the tokenizer library trusts without looking; everything else passes through. */
export const tokenizerFileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: tokenId, content: z.string().min(1).max(1000) })).default([]),
  normalizer: component.default(null),
  pre_tokenizer: component.default(null),
  post_processor: component.default(null),
  decoder: component.default(null),
  model: z.looseObject({ type: z.enum(['WordPiece', 'BPE', 'Unigram']).exactOptional(), vocab: vocabulary }),
});

/** A special token is a string, or an object whose `content` it is. */
const specialToken = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)])
  .nullish()
  .transform((token) => token ?? undefined);

/** What Grove reads of `tokenizer_config.json`; the rest passes through to the tokenizer library. */
export const tokenizerConfigSchema = z.looseObject({
  model_max_length: z.number().min(1).optional(),
  pad_token: specialToken,
  padding_side: z.enum(['left', 'right']).default('right'),
  truncation_side: z.enum(['left', 'right']).default('right'),
});

export type TokenizerConfig = z.output<typeof tokenizerConfigSchema>;
