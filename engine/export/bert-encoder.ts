import { intAttribute } from '../graph/attribute.ts';
import { floatTensor } from '../graph/tensor.ts';
import type { EmittedOutput } from './architecture.ts';
import { type AttentionModule, emitContext, emitEagerMask, emitHeads, emitSdpa, emitSdpaMask, type Heads } from './attention.ts';
import { type Emission, emitGemm, emitLayerNorm, emitLinear, linearParameters, normParameters, type Parameter } from './emission.ts';
import type { EncoderConfig } from './encoder-config.ts';
import { integer, type TraceValue } from './trace.ts';

/** BERT's encoder and what descends from it (RoBERTa, XLM-RoBERTa, CamemBERT): they differ in how they number positions. */

/** Names of an encoder's parameters and their shapes, in the order of its modules, below `prefix`. */
export function encoderParameters(config: EncoderConfig, prefix: string): readonly Parameter[] {
  const { hiddenSize: hidden } = config;
  return [
    [`${prefix}embeddings.word_embeddings.weight`, [config.vocabSize, hidden]],
    [`${prefix}embeddings.position_embeddings.weight`, [config.positionCount, hidden]],
    [`${prefix}embeddings.token_type_embeddings.weight`, [config.tokenTypeCount, hidden]],
    ...normParameters(`${prefix}embeddings.LayerNorm`, hidden),
    ...Array.from({ length: config.layerCount }, (_, layer) => layerParameters(config, `${prefix}encoder.layer.${layer}`)).flat(),
  ];
}

function layerParameters({ hiddenSize: hidden, intermediateSize: inner }: EncoderConfig, path: string): readonly Parameter[] {
  const projections = ['self.query', 'self.key', 'self.value', 'output.dense'];
  return [
    ...projections.flatMap((name) => linearParameters(`${path}.attention.${name}`, hidden, hidden)),
    ...normParameters(`${path}.attention.output.LayerNorm`, hidden),
    ...linearParameters(`${path}.intermediate.dense`, hidden, inner),
    ...linearParameters(`${path}.output.dense`, inner, hidden),
    ...normParameters(`${path}.output.LayerNorm`, hidden),
  ];
}

/** Parameters of the pooler that feature extraction and BERT's classifier use. */
export function poolerParameters({ hiddenSize }: EncoderConfig, prefix: string): readonly Parameter[] {
  return linearParameters(`${prefix}pooler.dense`, hiddenSize, hiddenSize);
}

/** Records the position ids of an input, [1 or batch, sequence]. */
export type EmitPositions = (emission: Emission, input: { readonly ids: TraceValue; readonly sequenceLength: TraceValue }) => TraceValue;

/** Records embeddings and all layers and returns the last hidden states. */
export function emitEncoder(emission: Emission, emitPositions: EmitPositions): TraceValue {
  const { scope, options, config } = emission;
  const { input_ids: ids = '', attention_mask: mask = '' } = emission.inputs;
  const batch = scope.sizeOf(ids, 0);
  // The embeddings ask for the length too; the exporter keeps the first that is used.
  const isFirstUsed = options.attention === 'sdpa' || emission.inputs.token_type_ids === undefined;
  const sequenceLength = (isFirstUsed ? scope : scope.in('embeddings')).sizeOf(ids, 1);
  const tokenTypes = emission.inputs.token_type_ids ?? emitTokenTypes(emission, batch, sequenceLength);
  const positions = emitPositions(emission, { ids, sequenceLength });
  let hidden = emitEmbeddings(emission, { ids, tokenTypes, positions });
  const added = options.attention === 'sdpa' ? emitSdpaMask(emission, mask, sequenceLength) : emitEagerMask(emission, mask);
  for (let layer = 0; layer < config.layerCount; layer++) hidden = emitLayer(emission, layer, { hidden, mask: added });
  return hidden;
}

/** Without an input for them all tokens are of type 0, taken from a buffer as long as the position table. */
function emitTokenTypes({ scope, config }: Emission, batch: TraceValue, sequenceLength: TraceValue): TraceValue {
  const zeros = new Array<number>(config.positionCount).fill(0);
  return scope.expand(scope.firstColumns(zeros, sequenceLength), [batch, sequenceLength]);
}

interface EmbeddingInputs {
  readonly ids: TraceValue;
  readonly tokenTypes: TraceValue;
  readonly positions: TraceValue;
}

function emitEmbeddings(emission: Emission, { ids, tokenTypes, positions }: EmbeddingInputs): TraceValue {
  const scope = emission.scope.in('embeddings');
  const path = `${emission.prefix}embeddings`;
  const padding = emission.config.padTokenId ?? -1;
  const gather = (table: string, indices: TraceValue, skipped: number): TraceValue =>
    scope.in(table).op('Gather', [`${path}.${table}.weight`, indices], { literals: [skipped] });
  const words = gather('word_embeddings', ids, padding);
  const types = gather('token_type_embeddings', tokenTypes, -1);
  const sum = scope.op('Add', [words, types]);
  const withPositions = scope.op('Add', [sum, gather('position_embeddings', positions, -1)]);
  return emitLayerNorm(emission, scope.in('LayerNorm'), { input: withPositions, path: `${path}.LayerNorm` });
}

/** One layer: attention, feed-forward, each with its residual and LayerNorm. Returns the layer's hidden states. */
function emitLayer(emission: Emission, layer: number, state: { readonly hidden: TraceValue; readonly mask: TraceValue }): TraceValue {
  const { config, options } = emission;
  const path = `${emission.prefix}encoder.layer.${layer}`;
  const scope = emission.scope.in('encoder').in(`layer.${layer}`);
  const context = emitSelfAttention(emission, { layer, ...state });
  const output = scope.in('attention').in('output');
  const attended = emitLinear(output.in('dense'), context, `${path}.attention.output.dense`);
  const residual = output.op('Add', [attended, state.hidden]);
  const normed = emitLayerNorm(emission, output.in('LayerNorm'), { input: residual, path: `${path}.attention.output.LayerNorm` });
  const intermediate = scope.in('intermediate');
  const inner = emitLinear(intermediate.in('dense'), normed, `${path}.intermediate.dense`);
  const activated = config.activation(inner, { scope: intermediate.in('intermediate_act_fn'), ...options });
  const outer = emitLinear(scope.in('output').in('dense'), activated, `${path}.output.dense`);
  const sum = scope.in('output').op('Add', [outer, normed]);
  return emitLayerNorm(emission, scope.in('output').in('LayerNorm'), { input: sum, path: `${path}.output.LayerNorm` });
}

interface SelfAttention {
  readonly layer: number;
  readonly hidden: TraceValue;
  readonly mask: TraceValue;
}

/** Returns the attended values, [batch, sequence, hidden]. */
function emitSelfAttention(emission: Emission, { layer, hidden, mask }: SelfAttention): TraceValue {
  const scope = emission.scope.in('encoder').in(`layer.${layer}`).in('attention').in('self');
  const path = `${emission.prefix}encoder.layer.${layer}.attention.self`;
  const names = { query: 'query', key: 'key', value: 'value' };
  const module: AttentionModule = { scope, path, names, hidden };
  const batch = scope.sizeOf(hidden, 0);
  const sequence = scope.sizeOf(hidden, 1);
  const heads = emitHeads(emission, module, batch);
  const whole = integer(emission.config.hiddenSize);
  if (emission.options.attention === 'sdpa') {
    const context = emitSdpa(emission, scope, { heads, mask });
    return scope.reshape(context, scope.sizes([batch, sequence, whole]));
  }
  const context = emitEagerAttention(emission, module, { heads, mask });
  return scope.reshape(context, scope.sizes([scope.sizeOf(context, 0), scope.sizeOf(context, 1), whole]));
}

/** BERT's own attention: scores divided by the root of the head size, the mask added. Returns [batch, sequence, heads, headSize]. */
function emitEagerAttention(
  emission: Emission,
  { scope }: AttentionModule,
  { heads, mask }: { readonly heads: Heads; readonly mask: TraceValue },
): TraceValue {
  const { headCount, headSize } = emission.config;
  const key = scope.transpose(heads.keyRows, [0, 2, 3, 1]);
  const products = scope.op('MatMul', [heads.query, key]);
  const root = scope.constant(floatTensor(emission.options.floatType, [], [Math.sqrt(headSize)]));
  const scores = scope.op('Add', [scope.op('Div', [products, root]), mask]);
  const context = emitContext(scope, scores, heads.value);
  if (emission.hiddenDims) emission.trace.setStaticDims(context, [...emission.hiddenDims.slice(0, 2), headCount, headSize]);
  return context;
}

/** What feature extraction returns: the hidden states and, when the checkpoint has a pooler, their pooled form. */
export function emitFeatures(emission: Emission, hidden: TraceValue): readonly EmittedOutput[] {
  const { hiddenSize } = emission.config;
  const pooled = emission.hasPooler ? [emitPooler(emission, hidden)] : [];
  const features: EmittedOutput = { value: hidden, sizes: ['batch', 'sequence', hiddenSize] };
  return [features, ...pooled.map((value): EmittedOutput => ({ value, sizes: ['batch', hiddenSize] }))];
}

/** The pooler: the first token's hidden state through a linear layer and tanh, [batch, hidden]. */
export function emitPooler(emission: Emission, hidden: TraceValue): TraceValue {
  const scope = emission.scope.in('pooler');
  const first = scope.op('Gather', [hidden, integer(0)], { attributes: { axis: intAttribute(1) } });
  const dense = emitGemm(scope.in('dense'), first, `${emission.prefix}pooler.dense`);
  return scope.in('activation').op('Tanh', [dense]);
}
