import { intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { type Emission, emitLinear, floatConstant } from './emission.ts';
import { integer, type TraceScope, type TraceValue } from './trace.ts';

/** What transformers fills masked attention scores with, by type: the lowest finite value. */
const LOWEST: ReadonlyMap<DataType, number> = new Map([
  [DataType.FLOAT, -3.4028234663852886e38],
  [DataType.FLOAT16, -65504],
]);

const toBool = { attributes: { to: intAttribute(DataType.BOOL) } };

/** The value of a masked score. */
export function lowestScore(emission: Emission, scope: TraceScope): TraceValue {
  return floatConstant(emission, scope, LOWEST.get(emission.options.floatType) ?? 0);
}

/**
 * The padding mask for the scaled-dot-product function: additive, [batch, 1, sequence, sequence], 0 where a token may be seen and the lowest float
 * where not.
 */
export function emitSdpaMask(emission: Emission, mask: TraceValue, sequenceLength: TraceValue): TraceValue {
  const { scope } = emission;
  const batch = scope.sizeOf(mask, 0);
  const maskLength = scope.sizeOf(mask, 1);
  const expanded = scope.expand(withHeadAndQuery(scope, mask), [batch, integer(1), sequenceLength, maskLength]);
  const hidden = emitHidden(emission, expanded);
  const isHidden = scope.op('Cast', [scope.op('Cast', [hidden], toBool)], toBool);
  return scope.op('Where', [isHidden, lowestScore(emission, scope), hidden]);
}

/** The padding mask that BERT's own attention adds: [batch, 1, 1, sequence]. */
export function emitEagerMask(emission: Emission, mask: TraceValue): TraceValue {
  const { scope } = emission;
  const hidden = emitHidden(emission, withHeadAndQuery(scope, mask));
  return scope.op('Mul', [hidden, lowestScore(emission, scope)]);
}

/** [batch, sequence] as [batch, 1, 1, sequence]. The zero is where the traced program's slice begins. */
function withHeadAndQuery(scope: TraceScope, mask: TraceValue): TraceValue {
  const head = scope.constant(int64Tensor([1], [1]), [0]);
  return scope.op('Unsqueeze', [scope.op('Unsqueeze', [mask, head]), scope.vector(2)]);
}

/** 1 where a token is hidden, 0 where it is seen. */
function emitHidden(emission: Emission, mask: TraceValue): TraceValue {
  const { scope, options } = emission;
  const seen = scope.op('Cast', [mask], { attributes: { to: intAttribute(options.floatType) } });
  return scope.op('Sub', [floatConstant(emission, scope, 1), seen]);
}

/** Names of an attention module's linear layers, as parameter paths below the module. */
interface AttentionNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
}

/** One attention module. */
export interface AttentionModule {
  readonly scope: TraceScope;
  /** Parameter path of the module. */
  readonly path: string;
  readonly names: AttentionNames;
  /** Hidden states, [batch, sequence, hidden]. */
  readonly hidden: TraceValue;
}

/** Queries, keys and values, each [batch, heads, sequence, headSize]; keys stay [batch, sequence, heads, headSize] until they are transposed. */
export interface Heads {
  readonly query: TraceValue;
  readonly keyRows: TraceValue;
  readonly value: TraceValue;
}

/** Projects the hidden states and splits them into heads. `batch` is their first size. */
export function emitHeads(emission: Emission, { scope, path, names, hidden }: AttentionModule, batch: TraceValue): Heads {
  const { headCount, headSize } = emission.config;
  const project = (name: string): TraceValue => emitLinear(scope.in(name), hidden, `${path}.${name}`);
  const sizes = (): TraceValue => scope.sizes([batch, integer(-1), integer(headCount), integer(headSize)]);
  const queryRows = project(names.query);
  // The traced program makes one list of sizes; the exporter writes it out once for each of the three views, before the first.
  const [querySizes, keySizes, valueSizes] = [sizes(), sizes(), sizes()];
  const query = scope.transpose(scope.reshape(queryRows, querySizes), [0, 2, 1, 3]);
  const keyRows = scope.reshape(project(names.key), keySizes);
  const value = scope.transpose(scope.reshape(project(names.value), valueSizes), [0, 2, 1, 3]);
  return { query, keyRows, value };
}

/** What attention works on. */
export interface MaskedHeads {
  readonly heads: Heads;
  /** Of the form that the kind of attention needs. */
  readonly mask: TraceValue;
}

/** Scaled-dot-product attention: queries and keys are each scaled by the fourth root of 1/headSize. Returns [batch, sequence, heads, headSize]. */
export function emitSdpa(emission: Emission, scope: TraceScope, { heads, mask }: MaskedHeads): TraceValue {
  const { query, keyRows, value } = heads;
  const scale = emitScale(emission, scope, query);
  const key = scope.transpose(keyRows, [0, 2, 3, 1]);
  const scaledQuery = scope.op('Mul', [query, scope.op('Sqrt', [scale])]);
  const scaledKey = scope.op('Mul', [key, scope.op('Sqrt', [scale])]);
  const scores = scope.op('Add', [scope.op('MatMul', [scaledQuery, scaledKey]), mask]);
  return emitContext(scope, scores, value);
}

/** Weights the values by the softmax of the scores and brings the heads behind the sequence. */
export function emitContext(scope: TraceScope, scores: TraceValue, value: TraceValue): TraceValue {
  const weights = scope.op('Softmax', [scores], { attributes: { axis: intAttribute(-1) } });
  return scope.transpose(scope.op('MatMul', [weights, value]), [0, 2, 1, 3]);
}

/** 1 / sqrt(headSize), headSize read from the query's last dimension. The division is in float32 whatever the export's type. */
function emitScale({ options: { floatType } }: Emission, scope: TraceScope, query: TraceValue): TraceValue {
  const to = (dataType: DataType) => ({ attributes: { to: intAttribute(dataType) } });
  const shape = scope.op('Shape', [query]);
  const last = scope.vector(-1);
  const end = scope.constant(makeTensor(DataType.INT64, [1], BigInt64Array.of(9223372036854775807n)));
  const size = scope.op('Cast', [scope.op('Slice', [shape, last, end])], to(floatType));
  const root = scope.op('Sqrt', [size]);
  const one = scope.constant(float32Tensor([1], [1]));
  const divisor = floatType === DataType.FLOAT ? root : scope.op('Cast', [root], to(DataType.FLOAT));
  return scope.op('Cast', [scope.op('Div', [one, divisor])], to(floatType));
}
