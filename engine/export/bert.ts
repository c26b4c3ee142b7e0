import { floatAttribute, intAttribute, intsAttribute, stringAttribute, tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { type Dim, tensorType } from '../graph/value.ts';
import { type BertConfig, bertConfig } from './bert-config.ts';
import { type CountedNames, countedNames } from './bert-names.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ModuleScope } from './module-scope.ts';
import { Weights } from './weights.ts';

/** Tasks with an emitted head. */
export type BertTask = 'feature-extraction' | 'text-classification';

/** What decides the emitted graph beside the checkpoint. */
export interface BertOptions {
  readonly task: BertTask;
  /** 17 to 20: from 20 on GELU is one node. */
  readonly opset: number;
  /** False: batch and sequence length are fixed at the exporter's dummy input, 2 x 16. */
  readonly dynamic: boolean;
}

/** The lowest float32: what transformers fills masked attention scores with. */
const MASKED_SCORE = -3.4028234663852886e38;

/** Size of the dummy input Olive exports with. */
const DUMMY = { batch: 2, sequence: 16 };

/** Everything the emitting functions share. */
interface Emission {
  readonly config: BertConfig;
  readonly names: CountedNames;
  readonly options: BertOptions;
  readonly graph: Graph;
  /** Scope of the encoder: the root, or `bert` below a head. */
  readonly scope: ModuleScope;
  /** Prefix of the encoder's parameter names: empty, or `bert.`. */
  readonly prefix: string;
  readonly dims: { readonly batch: Dim; readonly sequence: Dim };
}

/**
 * Emits BertModel or BertForSequenceClassification node for node as PyTorch's TorchScript exporter traces it with scaled-dot-product attention
 * (batch 2, sequence 16, constant folding). Inputs: int64 input_ids, attention_mask, token_type_ids [batch_size, sequence_length]. Outputs:
 * `last_hidden_state` and the pooler under its trace number, or `logits`.
 * Throws `unsupported-input` or `invalid-checkpoint`.
 */
export function emitBert(checkpoint: Checkpoint, options: BertOptions): Graph {
  const config = bertConfig(checkpoint);
  const classifier = options.task === 'text-classification';
  const graph = new Graph('main_graph');
  const root = new ModuleScope(graph);
  const names = countedNames(config, { classifier, nativeGelu: options.opset >= 20 });
  const scope = classifier ? root.in('bert') : root;
  const dims = options.dynamic ? { batch: 'batch_size', sequence: 'sequence_length' } : DUMMY;
  const emission: Emission = { config, names, options, graph, scope, prefix: classifier ? 'bert.' : '', dims };
  for (const name of ['input_ids', 'attention_mask', 'token_type_ids']) {
    graph.addInput(name, tensorType(DataType.INT64, [dims.batch, dims.sequence]));
  }
  addParameters(emission, new Weights(checkpoint, ['bert.', '']), classifier);
  const sequenceLength = scope.sizeOf('input_ids', 1);
  const { hidden: embedded, firstToken } = emitEmbeddings(emission, sequenceLength);
  const mask = emitMask(emission, sequenceLength);
  let hidden = embedded;
  for (let layer = 0; layer < config.layerCount; layer++) hidden = emitLayer(emission, layer, { hidden, mask });
  emitHead(emission, root, { hidden, firstToken });
  return graph;
}

/** Initializers in the exporter's order: parameters by module, then the transposed weights. */
function addParameters(emission: Emission, weights: Weights, classifier: boolean): void {
  const { config, graph, names, prefix } = emission;
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  const add = (name: string, dims: readonly number[]): void => graph.setInitializer(prefix + name, weights.parameter(name, dims));
  add('embeddings.word_embeddings.weight', [config.vocabSize, hidden]);
  add('embeddings.position_embeddings.weight', [config.positionCount, hidden]);
  add('embeddings.token_type_embeddings.weight', [config.tokenTypeCount, hidden]);
  add('embeddings.LayerNorm.weight', [hidden]);
  add('embeddings.LayerNorm.bias', [hidden]);
  for (let layer = 0; layer < config.layerCount; layer++) {
    const path = `encoder.layer.${layer}`;
    for (const part of ['self.query', 'self.key', 'self.value', 'output.dense']) add(`${path}.attention.${part}.bias`, [hidden]);
    add(`${path}.attention.output.LayerNorm.weight`, [hidden]);
    add(`${path}.attention.output.LayerNorm.bias`, [hidden]);
    add(`${path}.intermediate.dense.bias`, [inner]);
    add(`${path}.output.dense.bias`, [hidden]);
    add(`${path}.output.LayerNorm.weight`, [hidden]);
    add(`${path}.output.LayerNorm.bias`, [hidden]);
  }
  add('pooler.dense.weight', [hidden, hidden]);
  add('pooler.dense.bias', [hidden]);
  if (classifier) {
    graph.setInitializer('classifier.weight', weights.parameter('classifier.weight', [config.labelCount, hidden]));
    graph.setInitializer('classifier.bias', weights.parameter('classifier.bias', [config.labelCount]));
  }
  for (let layer = 0; layer < config.layerCount; layer++) {
    linearWeights(layer, config).forEach(([name, dims], index) => {
      graph.setInitializer(names.matMul(layer, index), weights.transposed(name, dims));
    });
  }
}

function linearWeights(layer: number, config: BertConfig): [string, [number, number]][] {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  const path = `encoder.layer.${layer}`;
  return [
    [`${path}.attention.self.query.weight`, [hidden, hidden]],
    [`${path}.attention.self.key.weight`, [hidden, hidden]],
    [`${path}.attention.self.value.weight`, [hidden, hidden]],
    [`${path}.attention.output.dense.weight`, [hidden, hidden]],
    [`${path}.intermediate.dense.weight`, [inner, hidden]],
    [`${path}.output.dense.weight`, [hidden, inner]],
  ];
}

/** A Constant outside every module, which the exporter names by its counters. */
function bareConstant(emission: Emission, at: { node: string; value: string }, tensor: ReturnType<typeof int64Tensor>): string {
  emission.graph.addNode({
    opType: 'Constant',
    name: at.node,
    inputs: [],
    outputs: [at.value],
    attributes: { value: tensorAttribute(tensor) },
  });
  return at.value;
}

function emitEmbeddings(emission: Emission, sequenceLength: string): { hidden: string; firstToken: string } {
  const { config, names, prefix } = emission;
  const scope = emission.scope.in('embeddings');
  const ids = Array.from({ length: config.positionCount }, (_, position) => position);
  const positionIds = bareConstant(emission, names.positionIds, int64Tensor([1, config.positionCount], ids));
  const firstToken = scope.scalar(0);
  const axis = scope.vector(1);
  const start = scope.vector(0);
  const end = scope.asVector(sequenceLength);
  const step = scope.vector(1);
  const positions = scope.op('Slice', [positionIds, start, end, axis, step]);
  const gather = (table: string, indices: string): string => scope.in(table).op('Gather', [`${prefix}embeddings.${table}.weight`, indices]);
  const words = gather('word_embeddings', 'input_ids');
  const types = gather('token_type_embeddings', 'token_type_ids');
  const sum = scope.op('Add', [words, types]);
  const withPositions = scope.op('Add', [sum, gather('position_embeddings', positions)]);
  return { hidden: emitLayerNorm(emission, scope, { input: withPositions, module: 'embeddings' }), firstToken };
}

interface LayerNormSpec {
  readonly input: string;
  /** Parameter path of the module that owns the LayerNorm. */
  readonly module: string;
  readonly output?: string;
}

function emitLayerNorm(emission: Emission, scope: ModuleScope, spec: LayerNormSpec): string {
  const path = `${emission.prefix}${spec.module}.LayerNorm`;
  const attributes = { axis: intAttribute(-1), epsilon: floatAttribute(emission.config.layerNormEpsilon) };
  const inputs = [spec.input, `${path}.weight`, `${path}.bias`];
  return scope.in('LayerNorm').op('LayerNormalization', inputs, { attributes, ...(spec.output ? { output: spec.output } : {}) });
}

/** The padding mask as an additive [batch, 1, sequence, sequence]: 0 where a token may be seen, the lowest float where not. */
function emitMask(emission: Emission, sequenceLength: string): string {
  const { scope } = emission;
  const batch = scope.sizeOf('attention_mask', 0);
  const maskLength = scope.sizeOf('attention_mask', 1);
  const withHead = scope.op('Unsqueeze', ['attention_mask', scope.vector(1)]);
  const withQuery = scope.op('Unsqueeze', [withHead, scope.vector(2)]);
  const parts = [scope.asVector(batch), scope.vector(1), scope.asVector(sequenceLength), scope.asVector(maskLength)];
  const joined = scope.op('Concat', parts, { attributes: { axis: intAttribute(0) } });
  const shape = scope.op('Reshape', [joined, scope.vector(-1)], { attributes: { allowzero: intAttribute(0) } });
  // PyTorch's expand lets -1 keep a dimension; the exporter writes that out although no -1 occurs here.
  const ones = scope.op('ConstantOfShape', [scope.op('Shape', [shape])], { attributes: { value: tensorAttribute(int64Tensor([1], [1])) } });
  const keep = scope.op('Equal', [shape, scope.op('Mul', [ones, scope.scalar(-1)])]);
  const expanded = scope.op('Expand', [withQuery, scope.op('Where', [keep, ones, shape])]);
  const seen = scope.op('Cast', [expanded], { attributes: { to: intAttribute(DataType.FLOAT) } });
  const hidden = scope.op('Sub', [scope.constant(float32Tensor([], [1])), seen]);
  const toBool = { attributes: { to: intAttribute(DataType.BOOL) } };
  const isHidden = scope.op('Cast', [scope.op('Cast', [hidden], toBool)], toBool);
  return scope.op('Where', [isHidden, scope.constant(float32Tensor([], [MASKED_SCORE])), hidden]);
}

function emitLayer(emission: Emission, layer: number, state: { hidden: string; mask: string }): string {
  const { config, options } = emission;
  const path = `encoder.layer.${layer}`;
  const scope = emission.scope.in('encoder').in(`layer.${layer}`);
  const context = emitAttention(emission, layer, state);
  const attended = linear(emission, { layer, index: 3, scope: scope.in('attention').in('output').in('dense'), input: context });
  const attentionOutput = scope.in('attention').in('output');
  const residual = attentionOutput.op('Add', [attended, state.hidden]);
  const normed = emitLayerNorm(emission, attentionOutput, { input: residual, module: `${path}.attention.output` });
  const inner = linear(emission, { layer, index: 4, scope: scope.in('intermediate').in('dense'), input: normed });
  const activated = emitActivation(emission, scope.in('intermediate').in('intermediate_act_fn'), inner);
  const outer = linear(emission, { layer, index: 5, scope: scope.in('output').in('dense'), input: activated });
  const sum = scope.in('output').op('Add', [outer, normed]);
  const isLast = layer === config.layerCount - 1 && options.task === 'feature-extraction';
  const output = isLast ? { output: 'last_hidden_state' } : {};
  return emitLayerNorm(emission, scope.in('output'), { input: sum, module: `${path}.output`, ...output });
}

interface LinearSpec {
  readonly layer: number;
  /** Which of the layer's linear weights, in `linearWeights` order. */
  readonly index: number;
  readonly scope: ModuleScope;
  readonly input: string;
}

/** x W + b as MatMul and Add; the exporter puts the bias first. */
function linear(emission: Emission, { layer, index, scope, input }: LinearSpec): string {
  const weight = linearWeights(layer, emission.config)[index]?.[0] ?? '';
  const product = scope.op('MatMul', [input, emission.names.matMul(layer, index)]);
  return scope.op('Add', [emission.prefix + weight.replace(/weight$/, 'bias'), product]);
}

/** Scaled-dot-product attention; queries and keys are each scaled by the fourth root of 1/headSize, computed at run time from the shape. */
function emitAttention(emission: Emission, layer: number, state: { hidden: string; mask: string }): string {
  const { config, names } = emission;
  const scope = emission.scope.in('encoder').in(`layer.${layer}`).in('attention').in('self');
  const batch = scope.sizeOf(state.hidden, 0);
  const sequence = scope.sizeOf(state.hidden, 1);
  const project = (name: string, index: number): string => linear(emission, { layer, index, scope: scope.in(name), input: state.hidden });
  const zero = (index: number): string => bareConstant(emission, names.bareConstant(layer, index), int64Tensor([1], [0]));
  const shape = (index: number): string => {
    const parts = [
      scope.op('Unsqueeze', [batch, zero(index)]),
      scope.vector(-1),
      scope.vector(config.headCount),
      scope.vector(config.headSize),
    ];
    return scope.op('Concat', parts, { attributes: { axis: intAttribute(0) } });
  };
  const reshape = (input: string, to: string): string => scope.op('Reshape', [input, to], { attributes: { allowzero: intAttribute(0) } });
  const transpose = (input: string, perm: readonly number[]): string =>
    scope.op('Transpose', [input], { attributes: { perm: intsAttribute(perm) } });
  const queryRows = project('query', 0);
  const shapes = [shape(0), shape(1), shape(2)] as const;
  const query = transpose(reshape(queryRows, shapes[0]), [0, 2, 1, 3]);
  const keyHeads = reshape(project('key', 1), shapes[1]);
  const value = transpose(reshape(project('value', 2), shapes[2]), [0, 2, 1, 3]);
  const scale = emitScale(scope, query);
  const key = transpose(keyHeads, [0, 2, 3, 1]);
  const scaledQuery = scope.op('Mul', [query, scope.op('Sqrt', [scale])]);
  const scaledKey = scope.op('Mul', [key, scope.op('Sqrt', [scale])]);
  const scores = scope.op('Add', [scope.op('MatMul', [scaledQuery, scaledKey]), state.mask]);
  const weights = scope.op('Softmax', [scores], { attributes: { axis: intAttribute(-1) } });
  const context = transpose(scope.op('MatMul', [weights, value]), [0, 2, 1, 3]);
  const batchVector = scope.op('Unsqueeze', [batch, zero(3)]);
  const sequenceVector = scope.op('Unsqueeze', [sequence, zero(4)]);
  const joined = scope.op('Concat', [batchVector, sequenceVector, scope.vector(config.hiddenSize)], {
    attributes: { axis: intAttribute(0) },
  });
  return reshape(context, joined);
}

/** 1 / sqrt(headSize), headSize read from the query's last dimension. */
function emitScale(scope: ModuleScope, query: string): string {
  const shape = scope.op('Shape', [query]);
  const last = scope.vector(-1);
  const end = scope.constant(makeTensor(DataType.INT64, [1], BigInt64Array.of(9223372036854775807n)));
  const size = scope.op('Slice', [shape, last, end]);
  const toFloat = { attributes: { to: intAttribute(DataType.FLOAT) } };
  const root = scope.op('Sqrt', [scope.op('Cast', [size], toFloat)]);
  return scope.op('Cast', [scope.op('Div', [scope.constant(float32Tensor([1], [1])), root])], toFloat);
}

function emitActivation(emission: Emission, scope: ModuleScope, input: string): string {
  if (emission.config.activation === 'relu') return scope.op('Relu', [input]);
  if (emission.options.opset >= 20) return scope.op('Gelu', [input], { attributes: { approximate: stringAttribute('none') } });
  const error = scope.op('Erf', [scope.op('Div', [input, scope.constant(float32Tensor([], [Math.SQRT2]))])]);
  const shifted = scope.op('Add', [error, scope.constant(float32Tensor([], [1]))]);
  const product = scope.op('Mul', [input, shifted]);
  return scope.op('Mul', [product, scope.constant(float32Tensor([], [0.5]))]);
}

function emitHead(emission: Emission, root: ModuleScope, state: { hidden: string; firstToken: string }): void {
  const { config, graph, names, options, prefix, dims } = emission;
  const pooler = emission.scope.in('pooler');
  const gemm = { attributes: { alpha: floatAttribute(1), beta: floatAttribute(1), transB: intAttribute(1) } };
  const first = pooler.op('Gather', [state.hidden, state.firstToken], { attributes: { axis: intAttribute(1) } });
  const dense = pooler.in('dense').op('Gemm', [first, `${prefix}pooler.dense.weight`, `${prefix}pooler.dense.bias`], gemm);
  if (options.task === 'text-classification') {
    const pooled = pooler.in('activation').op('Tanh', [dense]);
    root.in('classifier').op('Gemm', [pooled, 'classifier.weight', 'classifier.bias'], { ...gemm, output: 'logits' });
    graph.addOutput('logits', tensorType(DataType.FLOAT, [dims.batch, config.labelCount]));
    return;
  }
  pooler.in('activation').op('Tanh', [dense], { output: names.poolerOutput });
  // Olive names the hidden dimension too, although its size is known.
  const hiddenDim = options.dynamic ? 'hidden_size' : config.hiddenSize;
  graph.addOutput('last_hidden_state', tensorType(DataType.FLOAT, [dims.batch, dims.sequence, hiddenDim]));
  graph.addOutput(names.poolerOutput, tensorType(DataType.FLOAT, [dims.batch, config.hiddenSize]));
}
