import { z } from 'zod';
import type { ExportTask } from '../../domain/passes/hf-model.ts';
import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import type { Architecture, EmittedOutput } from './architecture.ts';
import { emitContext, emitHeads, emitSdpa, emitSdpaMask, type Heads, lowestScore } from './attention.ts';
import {
  type Emission,
  emitGemm,
  emitLayerNorm,
  emitLinear,
  emitProjection,
  floatConstant,
  linearParameters,
  normParameters,
  type Parameter,
} from './emission.ts';
import { commonShape, type EncoderConfig, encoderConfig, readConfig, sizeSchema } from './encoder-config.ts';
import { emitSpanScores, emitTokenScores } from './heads.ts';
import { integer, type TraceScope, type TraceValue } from './trace.ts';

/** DistilBERT's members by its own names; transformers accepts BERT's names for four of them as well. */
const schema = z.looseObject({
  ...commonShape,
  pad_token_id: commonShape.pad_token_id.default(0),
  vocab_size: sizeSchema.default(30522),
  dim: sizeSchema.max(1_000_000).optional(),
  hidden_size: sizeSchema.max(1_000_000).default(768),
  n_layers: sizeSchema.max(10_000).optional(),
  num_hidden_layers: sizeSchema.max(10_000).default(6),
  n_heads: sizeSchema.max(10_000).optional(),
  num_attention_heads: sizeSchema.max(10_000).default(12),
  hidden_dim: sizeSchema.max(10_000_000).default(3072),
  activation: z.string().default('gelu'),
  max_position_embeddings: sizeSchema.max(10_000_000).default(512),
});

/** DistilBertModel and its task models: no token types, no pooler, and an attention of its own form. */
export const distilbert: Architecture = {
  modelTypes: ['distilbert'],
  encoderName: 'distilbert',
  inputs: ['input_ids', 'attention_mask'],
  config(checkpoint) {
    const parsed = readConfig(checkpoint, schema);
    const sizes = {
      vocabSize: parsed.vocab_size,
      hiddenSize: parsed.dim ?? parsed.hidden_size,
      layerCount: parsed.n_layers ?? parsed.num_hidden_layers,
      headCount: parsed.n_heads ?? parsed.num_attention_heads,
      intermediateSize: parsed.hidden_dim,
      positionCount: parsed.max_position_embeddings,
      tokenTypeCount: 0,
      layerNormEpsilon: 1e-12,
      activationName: parsed.activation,
    };
    return encoderConfig(checkpoint, sizes, parsed);
  },
  maxSequence: ({ positionCount }) => positionCount,
  parameters: (config, task, prefix) => [...encoderParameters(config, prefix), ...headParameters(config, task)],
  emit: (emission) => emitHead(emission, emitEncoder(emission)),
};

function encoderParameters(config: EncoderConfig, prefix: string): readonly Parameter[] {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  const layers = Array.from({ length: config.layerCount }, (_, layer): readonly Parameter[] => {
    const path = `${prefix}transformer.layer.${layer}`;
    return [
      ...['q_lin', 'k_lin', 'v_lin', 'out_lin'].flatMap((name) => linearParameters(`${path}.attention.${name}`, hidden, hidden)),
      ...normParameters(`${path}.sa_layer_norm`, hidden),
      ...linearParameters(`${path}.ffn.lin1`, hidden, inner),
      ...linearParameters(`${path}.ffn.lin2`, inner, hidden),
      ...normParameters(`${path}.output_layer_norm`, hidden),
    ];
  });
  return [
    [`${prefix}embeddings.word_embeddings.weight`, [config.vocabSize, hidden]],
    [`${prefix}embeddings.position_embeddings.weight`, [config.positionCount, hidden]],
    ...normParameters(`${prefix}embeddings.LayerNorm`, hidden),
    ...layers.flat(),
  ];
}

function headParameters(config: EncoderConfig, task: ExportTask): readonly Parameter[] {
  const { hiddenSize: hidden, labelCount, vocabSize } = config;
  switch (task) {
    case 'feature-extraction':
      return [];
    case 'text-classification':
      return [...linearParameters('pre_classifier', hidden, hidden), ...linearParameters('classifier', hidden, labelCount)];
    case 'token-classification':
      return linearParameters('classifier', hidden, labelCount);
    case 'question-answering':
      return linearParameters('qa_outputs', hidden, 2);
    case 'fill-mask':
      return [
        ...linearParameters('vocab_transform', hidden, hidden),
        ...normParameters('vocab_layer_norm', hidden),
        ...(config.tiesEmbeddings ? [] : [['vocab_projector.weight', [vocabSize, hidden]] as const]),
        ['vocab_projector.bias', [vocabSize]],
      ];
  }
}

function emitEncoder(emission: Emission): TraceValue {
  const { scope, options, config } = emission;
  const { input_ids: ids = '', attention_mask: mask = '' } = emission.inputs;
  const sequenceLength = scope.sizeOf(ids, 1);
  let hidden = emitEmbeddings(emission, ids);
  const maskIn = options.attention === 'sdpa' ? always(emitSdpaMask(emission, mask, sequenceLength)) : isMasked(mask);
  for (let layer = 0; layer < config.layerCount; layer++) hidden = emitLayer(emission, layer, { hidden, maskIn });
  return hidden;
}

/** The mask in the form an attention needs, recorded in its module if that has not happened before. */
type MaskIn = (scope: TraceScope) => TraceValue;

function always(mask: TraceValue): MaskIn {
  return () => mask;
}

/** True where the mask is 0. The first layer computes it for all. */
function isMasked(mask: TraceValue): MaskIn {
  let result: TraceValue | undefined;
  return (scope) => {
    result ??= scope.equal(mask, 0);
    return result;
  };
}

function emitEmbeddings(emission: Emission, ids: TraceValue): TraceValue {
  const { config, trace, hiddenDims } = emission;
  const scope = emission.scope.in('embeddings');
  const path = `${emission.prefix}embeddings`;
  const table = Array.from({ length: config.positionCount }, (_, position) => position);
  const words = scope.in('word_embeddings').op('Gather', [`${path}.word_embeddings.weight`, ids], { literals: [config.padTokenId ?? -1] });
  if (hiddenDims) trace.setStaticDims(words, hiddenDims);
  const positionIds = scope.firstColumns(table, scope.sizeOf(words, 1));
  const positions = scope.in('position_embeddings').op('Gather', [`${path}.position_embeddings.weight`, positionIds], { literals: [-1] });
  return emitLayerNorm(emission, scope.in('LayerNorm'), { input: scope.op('Add', [words, positions]), path: `${path}.LayerNorm` });
}

/** One layer: attention, feed-forward, each with its residual and LayerNorm. Returns the layer's hidden states. */
function emitLayer(emission: Emission, layer: number, state: { readonly hidden: TraceValue; readonly maskIn: MaskIn }): TraceValue {
  const { config, options } = emission;
  const path = `${emission.prefix}transformer.layer.${layer}`;
  const scope = emission.scope.in('transformer').in(`layer.${layer}`);
  const context = emitAttention(emission, { scope: scope.in('attention'), path: `${path}.attention`, ...state });
  const attended = emitLinear(scope.in('attention').in('out_lin'), context, `${path}.attention.out_lin`);
  const residual = scope.op('Add', [attended, state.hidden]);
  const normed = emitLayerNorm(emission, scope.in('sa_layer_norm'), { input: residual, path: `${path}.sa_layer_norm` });
  const feedForward = scope.in('ffn');
  const inner = emitLinear(feedForward.in('lin1'), normed, `${path}.ffn.lin1`);
  const activated = config.activation(inner, { scope: feedForward.in('activation'), ...options });
  const outer = emitLinear(feedForward.in('lin2'), activated, `${path}.ffn.lin2`);
  const sum = scope.op('Add', [outer, normed]);
  return emitLayerNorm(emission, scope.in('output_layer_norm'), { input: sum, path: `${path}.output_layer_norm` });
}

interface Attention {
  readonly scope: TraceScope;
  readonly path: string;
  readonly hidden: TraceValue;
  readonly maskIn: MaskIn;
}

/** Returns the attended values, [batch, sequence, hidden]. */
function emitAttention(emission: Emission, { scope, path, hidden, maskIn }: Attention): TraceValue {
  const { config, options } = emission;
  const names = { query: 'q_lin', key: 'k_lin', value: 'v_lin' };
  const batch = scope.sizeOf(hidden, 0);
  const keyLength = scope.sizeOf(hidden, 1);
  const heads = emitHeads(emission, { scope, path, names, hidden }, batch);
  const context =
    options.attention === 'sdpa'
      ? emitSdpa(emission, scope, { heads, mask: maskIn(scope) })
      : emitEagerAttention(emission, scope, { heads, maskIn, batch, keyLength });
  return scope.reshape(context, scope.sizes([batch, integer(-1), integer(config.hiddenSize)]));
}

interface EagerAttention {
  readonly heads: Heads;
  readonly maskIn: MaskIn;
  readonly batch: TraceValue;
  readonly keyLength: TraceValue;
}

/** DistilBERT's own attention: the query is scaled, and masked scores are filled with the lowest float. */
function emitEagerAttention(emission: Emission, scope: TraceScope, { heads, maskIn, batch, keyLength }: EagerAttention): TraceValue {
  const { query, keyRows, value } = heads;
  const root = floatConstant(emission, scope, Math.sqrt(emission.config.headSize));
  const scaled = scope.op('Div', [query, root]);
  const scores = scope.op('MatMul', [scaled, scope.transpose(keyRows, [0, 2, 3, 1])]);
  const rows = scope.reshape(maskIn(scope), scope.sizes([batch, integer(1), integer(1), keyLength]));
  const expanded = scope.op('Expand', [rows, scope.op('Shape', [scores])]);
  const toBool = { attributes: { to: intAttribute(DataType.BOOL) } };
  const filled = scope.op('Where', [scope.op('Cast', [expanded], toBool), lowestScore(emission, scope), scores]);
  return emitContext(scope, filled, value);
}

function emitHead(emission: Emission, hidden: TraceValue): readonly EmittedOutput[] {
  const { config } = emission;
  switch (emission.options.task) {
    case 'feature-extraction':
      return [{ value: hidden, sizes: ['batch', 'sequence', config.hiddenSize] }];
    case 'text-classification':
      return [{ value: emitClassifier(emission, hidden), sizes: ['batch', config.labelCount] }];
    case 'token-classification':
      return emitTokenScores(emission, hidden);
    case 'question-answering':
      return emitSpanScores(emission, hidden);
    case 'fill-mask':
      return [{ value: emitPredictions(emission, hidden), sizes: ['batch', 'sequence', config.vocabSize] }];
  }
}

/** A classifier of two layers on the first token, with relu between whatever the configured activation. */
function emitClassifier({ root }: Emission, hidden: TraceValue): TraceValue {
  const first = root.op('Gather', [hidden, integer(0)], { attributes: { axis: intAttribute(1) } });
  const dense = root.op('Relu', [emitGemm(root.in('pre_classifier'), first, 'pre_classifier')]);
  return emitGemm(root.in('classifier'), dense, 'classifier');
}

/** The masked language model's head; the projector's weights are the word embedding's. */
function emitPredictions(emission: Emission, hidden: TraceValue): TraceValue {
  const { config, options, prefix, root } = emission;
  const dense = emitLinear(root.in('vocab_transform'), hidden, 'vocab_transform');
  const activated = config.activation(dense, { scope: root.in('activation'), ...options });
  const normed = emitLayerNorm(emission, root.in('vocab_layer_norm'), { input: activated, path: 'vocab_layer_norm' });
  const weight = config.tiesEmbeddings ? `${prefix}embeddings.word_embeddings.weight` : 'vocab_projector.weight';
  return emitProjection(root.in('vocab_projector'), normed, { weight, bias: 'vocab_projector.bias' });
}
