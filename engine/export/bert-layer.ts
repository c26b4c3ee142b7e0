import { intAttribute, intsAttribute, stringAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { bareConstant, type Emission, emitLayerNorm } from './bert-emission.ts';
import { linearWeights } from './bert-weights.ts';
import type { ModuleScope } from './module-scope.ts';

/** One encoder layer: attention, feed-forward, each with its residual and LayerNorm. Returns the layer's hidden states. */
export function emitLayer(emission: Emission, layer: number, state: { hidden: string; mask: string }): string {
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
