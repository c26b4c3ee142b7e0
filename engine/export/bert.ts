import { floatAttribute, intAttribute, tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { bertConfig } from './bert-config.ts';
import { type BertOptions, bareConstant, type Emission, emitLayerNorm } from './bert-emission.ts';
import { emitLayer } from './bert-layer.ts';
import { countedNames } from './bert-names.ts';
import { addParameters } from './bert-weights.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ModuleScope } from './module-scope.ts';
import { Weights } from './weights.ts';

/** The lowest float32: what transformers fills masked attention scores with. */
const MASKED_SCORE = -3.4028234663852886e38;

/** Size of the dummy input Olive exports with. */
const DUMMY = { batch: 2, sequence: 16 };

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
