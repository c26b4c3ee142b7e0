import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Checkpoint } from './checkpoint.ts';

/** The sizes of a BERT encoder, by transformers' names and with its defaults. */
const size = z.number().int().min(1).max(1_000_000_000);
const bertSchema = z.looseObject({
  vocab_size: size.default(30522),
  hidden_size: size.max(1_000_000).default(768),
  num_hidden_layers: size.max(10_000).default(12),
  num_attention_heads: size.max(10_000).default(12),
  intermediate_size: size.max(10_000_000).default(3072),
  max_position_embeddings: size.max(10_000_000).default(512),
  type_vocab_size: size.max(1_000_000).default(2),
  layer_norm_eps: z.number().positive().max(1).default(1e-12),
  hidden_act: z.string().default('gelu'),
  position_embedding_type: z.string().nullable().default('absolute'),
  is_decoder: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  id2label: z.record(z.string(), z.string()).exactOptional(),
  num_labels: size.max(1_000_000).exactOptional(),
});

/** Activations of the feed-forward layer that are emitted. */
export type BertActivation = 'gelu' | 'relu';

/** What the emitter needs to know of a BERT. */
export interface BertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  /** hiddenSize / headCount. */
  readonly headSize: number;
  readonly intermediateSize: number;
  readonly positionCount: number;
  readonly tokenTypeCount: number;
  readonly layerNormEpsilon: number;
  readonly activation: BertActivation;
  /** Classes of a classification head: transformers counts `id2label`, which defaults to two. */
  readonly labelCount: number;
}

/** Reads a BERT configuration. Throws `invalid-checkpoint` for impossible values and `unsupported-input` for variants that are not emitted. */
export function bertConfig(checkpoint: Checkpoint): BertConfig {
  const parsed = bertSchema.safeParse(checkpoint.config);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const problem = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`;
    throw new GroveError('invalid-checkpoint', { where: `${checkpoint.folder}/config.json`, problem });
  }
  const config = parsed.data;
  if (config.is_decoder || config.add_cross_attention) throw unsupported('the BERT is configured as a decoder');
  const positions = config.position_embedding_type ?? 'absolute';
  if (positions !== 'absolute') throw unsupported(`position_embedding_type "${positions}" (only "absolute" is emitted)`);
  if (config.hidden_size % config.num_attention_heads !== 0) {
    const problem = `hidden_size ${config.hidden_size} is no multiple of num_attention_heads ${config.num_attention_heads}`;
    throw new GroveError('invalid-checkpoint', { where: `${checkpoint.folder}/config.json`, problem });
  }
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layerCount: config.num_hidden_layers,
    headCount: config.num_attention_heads,
    headSize: config.hidden_size / config.num_attention_heads,
    intermediateSize: config.intermediate_size,
    positionCount: config.max_position_embeddings,
    tokenTypeCount: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
    activation: activationOf(config.hidden_act),
    labelCount: config.id2label ? Object.keys(config.id2label).length : (config.num_labels ?? 2),
  };
}

function activationOf(name: string): BertActivation {
  if (name === 'gelu' || name === 'relu') return name;
  throw unsupported(`hidden_act "${name}" (gelu and relu are emitted)`);
}

function unsupported(problem: string): GroveError {
  return new GroveError('unsupported-input', { problem });
}
