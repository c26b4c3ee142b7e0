import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { type Activation, activationOf } from './activations.ts';
import type { Checkpoint } from './checkpoint.ts';

/** What emitting needs to know of a transformer encoder. */
export interface EncoderConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  /** hiddenSize / headCount. */
  readonly headSize: number;
  readonly intermediateSize: number;
  /** Rows of the position table. */
  readonly positionCount: number;
  /** Rows of the token type table; 0 for an architecture without one. */
  readonly tokenTypeCount: number;
  /** Token that the position ids (RoBERTa) or the word embedding skip; null when there is none. */
  readonly padTokenId: number | null;
  readonly layerNormEpsilon: number;
  readonly activation: Activation;
  /** Classes of a classification head: transformers counts `id2label`, which defaults to two. */
  readonly labelCount: number;
  /** Whether the decoder of a masked language model shares the word embedding's weights. */
  readonly tiesEmbeddings: boolean;
}

/** A size out of a configuration file: whole, positive, and nothing that could be multiplied out of a number's range. */
export const sizeSchema = z.number().int().min(1).max(1_000_000_000);

/** Members that all encoders share. */
export const commonShape = {
  pad_token_id: z.number().int().min(0).max(1_000_000_000).nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
  num_labels: sizeSchema.max(1_000_000).nullish(),
  tie_word_embeddings: z.boolean().default(true),
};

/** Settings that change the exported graph in ways that are not emitted: each with the values that leave it as it is. */
const INERT: Readonly<Record<string, (value: unknown) => boolean>> = {
  is_decoder: (value) => value === false,
  add_cross_attention: (value) => value === false,
  is_encoder_decoder: (value) => value === false,
  output_attentions: (value) => value === false,
  output_hidden_states: (value) => value === false,
  chunk_size_feed_forward: (value) => value === 0,
  pruned_heads: (value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  position_embedding_type: (value) => value === 'absolute',
  quantization_config: () => false,
};

/** Reads a configuration by its family's schema. Throws `unsupported-input` for variants that are not emitted and `invalid-checkpoint` for impossible values. */
export function readConfig<Schema extends z.ZodType>(checkpoint: Checkpoint, schema: Schema): z.output<Schema> {
  for (const [name, isInert] of Object.entries(INERT)) {
    const value = checkpoint.config[name];
    if (value !== undefined && value !== null && !isInert(value)) {
      throw new GroveError('unsupported-input', { problem: `config.json sets ${name} to ${JSON.stringify(value).slice(0, 80)}` });
    }
  }
  const parsed = schema.safeParse(checkpoint.config);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalidConfig(checkpoint, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
}

/** Checks what one schema cannot say. Throws `invalid-checkpoint` and `unsupported-input`. */
export function encoderConfig(
  checkpoint: Checkpoint,
  sizes: Omit<EncoderConfig, 'headSize' | 'activation' | 'labelCount' | 'tiesEmbeddings' | 'padTokenId'> & {
    readonly activationName: string;
  },
  common: z.output<z.ZodObject<typeof commonShape>>,
): EncoderConfig {
  const { hiddenSize, headCount, vocabSize } = sizes;
  if (hiddenSize % headCount !== 0) {
    throw invalidConfig(checkpoint, `the hidden size ${hiddenSize} is no multiple of the ${headCount} attention heads`);
  }
  const padTokenId = common.pad_token_id ?? null;
  if (padTokenId !== null && padTokenId >= vocabSize) {
    throw invalidConfig(checkpoint, `pad_token_id ${padTokenId} lies outside the vocabulary of ${vocabSize}`);
  }
  const { activationName, ...rest } = sizes;
  return {
    ...rest,
    headSize: hiddenSize / headCount,
    padTokenId,
    activation: activationOf(activationName),
    labelCount: common.id2label ? Object.keys(common.id2label).length : (common.num_labels ?? 2),
    tiesEmbeddings: common.tie_word_embeddings,
  };
}

export function invalidConfig({ folder }: Checkpoint, problem: string): GroveError {
  return new GroveError('invalid-checkpoint', { where: `${folder}/config.json`, problem });
}
