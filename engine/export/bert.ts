import { z } from 'zod';
import type { ExportTask } from '../../domain/passes/hf-model.ts';
import type { Architecture, EmittedOutput } from './architecture.ts';
import { emitEncoder, emitFeatures, emitPooler, encoderParameters, poolerParameters } from './bert-encoder.ts';
import {
  type Emission,
  emitGemm,
  emitLayerNorm,
  emitLinear,
  emitProjection,
  linearParameters,
  normParameters,
  type Parameter,
} from './emission.ts';
import { commonShape, type EncoderConfig, encoderConfig, readConfig, sizeSchema } from './encoder-config.ts';
import { emitSpanScores, emitTokenScores } from './heads.ts';
import type { TraceScope, TraceValue } from './trace.ts';

/** The members of a BERT configuration that decide its graph, with transformers' defaults. */
export const bertShape = {
  ...commonShape,
  vocab_size: sizeSchema.default(30522),
  hidden_size: sizeSchema.max(1_000_000).default(768),
  num_hidden_layers: sizeSchema.max(10_000).default(12),
  num_attention_heads: sizeSchema.max(10_000).default(12),
  intermediate_size: sizeSchema.max(10_000_000).default(3072),
  hidden_act: z.string().default('gelu'),
  max_position_embeddings: sizeSchema.max(10_000_000).default(512),
  type_vocab_size: sizeSchema.max(1_000_000).default(2),
  layer_norm_eps: z.number().positive().max(1).default(1e-12),
};

/** The sizes of an encoder out of a configuration read by `bertShape`. */
export function bertSizes(config: z.output<z.ZodObject<typeof bertShape>>) {
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layerCount: config.num_hidden_layers,
    headCount: config.num_attention_heads,
    intermediateSize: config.intermediate_size,
    positionCount: config.max_position_embeddings,
    tokenTypeCount: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
    activationName: config.hidden_act,
  };
}

const schema = z.looseObject({ ...bertShape, pad_token_id: commonShape.pad_token_id.default(0) });

/** BertModel and its task models: positions count from 0. */
export const bert: Architecture = {
  modelTypes: ['bert'],
  encoderName: 'bert',
  inputs: ['input_ids', 'attention_mask', 'token_type_ids'],
  config(checkpoint) {
    const config = readConfig(checkpoint, schema);
    return encoderConfig(checkpoint, bertSizes(config), config);
  },
  maxSequence: ({ positionCount }) => positionCount,
  parameters: (config, task, prefix) => [...encoderParameters(config, prefix), ...headParameters(config, task, prefix)],
  emit: (emission) => emitHead(emission, emitEncoder(emission, emitPositions)),
};

/** Positions 0, 1, 2... out of a constant table. */
function emitPositions({ scope, config }: Emission, { sequenceLength }: { readonly sequenceLength: TraceValue }): TraceValue {
  const table = Array.from({ length: config.positionCount }, (_, position) => position);
  return scope.in('embeddings').firstColumns(table, sequenceLength);
}

function headParameters(config: EncoderConfig, task: ExportTask, prefix: string): readonly Parameter[] {
  const { hiddenSize: hidden, labelCount, vocabSize } = config;
  switch (task) {
    case 'feature-extraction':
      return poolerParameters(config, prefix);
    case 'text-classification':
      return [...poolerParameters(config, prefix), ...linearParameters('classifier', hidden, labelCount)];
    case 'token-classification':
      return linearParameters('classifier', hidden, labelCount);
    case 'question-answering':
      return linearParameters('qa_outputs', hidden, 2);
    case 'fill-mask':
      return [
        ['cls.predictions.bias', [vocabSize]],
        ...linearParameters('cls.predictions.transform.dense', hidden, hidden),
        ...normParameters('cls.predictions.transform.LayerNorm', hidden),
        ...(config.tiesEmbeddings ? [] : [['cls.predictions.decoder.weight', [vocabSize, hidden]] as const]),
      ];
  }
}

function emitHead(emission: Emission, hidden: TraceValue): readonly EmittedOutput[] {
  const { config, root } = emission;
  switch (emission.options.task) {
    case 'feature-extraction':
      return emitFeatures(emission, hidden);
    case 'text-classification': {
      const scores = emitGemm(root.in('classifier'), emitPooler(emission, hidden), 'classifier');
      return [{ value: scores, sizes: ['batch', config.labelCount] }];
    }
    case 'token-classification':
      return emitTokenScores(emission, hidden);
    case 'question-answering':
      return emitSpanScores(emission, hidden);
    case 'fill-mask':
      return [
        { value: emitPredictions(emission, root.in('cls').in('predictions'), hidden), sizes: ['batch', 'sequence', config.vocabSize] },
      ];
  }
}

/** The masked language model's head: a transform, then the decoder, whose weights are the word embedding's. */
function emitPredictions(emission: Emission, scope: TraceScope, hidden: TraceValue): TraceValue {
  const { config, options, prefix } = emission;
  const transform = scope.in('transform');
  const path = 'cls.predictions.transform';
  const dense = emitLinear(transform.in('dense'), hidden, `${path}.dense`);
  const activated = config.activation(dense, { scope: transform.in('transform_act_fn'), ...options });
  const normed = emitLayerNorm(emission, transform.in('LayerNorm'), { input: activated, path: `${path}.LayerNorm` });
  const weight = config.tiesEmbeddings ? `${prefix}embeddings.word_embeddings.weight` : 'cls.predictions.decoder.weight';
  return emitProjection(scope.in('decoder'), normed, { weight, bias: 'cls.predictions.bias' });
}
