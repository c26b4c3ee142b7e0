import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { floatAttribute, intAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { type Model, onnxOpset } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import { type Dim, type TensorType, tensorType } from '../../graph/value.ts';
import type { InferenceRuntime } from '../../runtime/inference-runtime.ts';
import { inferTypes } from '../../runtime/type-oracle.ts';
import type { Surgery } from './surgery.ts';

/** Before this operator set Gemm broadcasts its bias only when told to. */
const FIRST_OPSET = 7;

/** Element types for which ONNX Runtime has both operators. */
const GEMM_TYPES: readonly DataType[] = [DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16];

/**
 * Replaces MatMul and the Add of a bias behind it by one Gemm, between Reshapes where the left operand is no matrix. Shapes come from ONNX Runtime
 * with constants folded, which is what Olive up to 0.13 knows through its symbolic engine. Looks at the main graph.
 */
export const matMulAddToGemm: Surgery<SurgeonArguments<'MatMulAddToGemm'>> = {
  async operate(model, _args, { runtime }) {
    const { graph } = model;
    const pairs = onnxOpset(model) < FIRST_OPSET ? [] : candidates(graph);
    if (pairs.length === 0) return { changes: 0 };
    const types = await typesOfOperands(model, pairs, runtime);
    const plans = pairs.flatMap((pair) => plan(pair, types) ?? []);
    let changes = 0;
    for (const planned of plans) if (replace(graph, planned)) changes++;
    return changes > 0 ? { changes } : { changes, whyNothing: 'no MatMul before an Add has operands of known shape' };
  },
};

/** A MatMul whose only reader is an Add of something else. */
interface Pair {
  readonly matMul: Node;
  readonly add: Node;
  readonly bias: string;
}

function candidates(graph: Graph): readonly Pair[] {
  return [...graph.nodes].flatMap((matMul): Pair[] => {
    const product = matMul.outputs[0] ?? '';
    const [add, ...others] = graph.consumers(product);
    if (!isStandard(matMul, 'MatMul') || add === undefined || others.length > 0 || !isStandard(add, 'Add')) return [];
    const bias = biasOf(add, matMul);
    const isVisible = graph.isOutput(product) || graph.isOutput(add.outputs[0] ?? '');
    return bias === undefined || isVisible ? [] : [{ matMul, add, bias }];
  });
}

function biasOf(add: Node, matMul: Node): string | undefined {
  return add.inputs.find((input) => input !== matMul.outputs[0]);
}

function isStandard(node: Node, opType: string): boolean {
  return node.opType === opType && isOnnxDomain(node.domain);
}

type Types = (value: string) => TensorType | undefined;

/** Types of operands: as declared for inputs and weights, as inferred for what nodes compute. */
async function typesOfOperands(model: Model, pairs: readonly Pair[], runtime: InferenceRuntime): Promise<Types> {
  const { graph } = model;
  const operands = new Set(pairs.flatMap(({ matMul, bias }) => [...matMul.inputs, bias]));
  const computed = [...operands].filter((value) => graph.producer(value) !== undefined);
  const inferred = await inferTypes(model, runtime, { foldConstants: true, values: computed, tellScalars: false });
  return (value) => {
    const type = graph.producer(value) === undefined ? graph.typeOf(value) : inferred.get(value);
    return type?.kind === 'tensor' ? type : undefined;
  };
}

/** What to build in place of a pair. */
interface Plan extends Pair {
  readonly dataType: DataType;
  /** Shape of the Gemm's result. */
  readonly gemmDims: readonly Dim[];
  /** Present when the left operand is no matrix: the matrix it becomes, and the shape the result takes again. */
  readonly reshape?: { readonly before: readonly number[]; readonly after: readonly number[] };
}

function plan(pair: Pair, types: Types): Plan | undefined {
  const [leftName = '', rightName = ''] = pair.matMul.inputs;
  const left = types(leftName);
  const right = types(rightName)?.dims;
  const columns = right?.[1];
  if (left?.dims === undefined || right?.length !== 2 || columns === undefined || !GEMM_TYPES.includes(left.dataType)) return undefined;
  if (!fitsAsBias(types(pair.bias)?.dims, columns)) return undefined;
  if (left.dims.length === 2) return { ...pair, dataType: left.dataType, gemmDims: [left.dims[0] ?? null, columns] };
  if (!areSizes(left.dims) || !areSizes(right)) return undefined;
  const leading = left.dims.slice(0, -1);
  const rows = leading.reduce((product, size) => product * size, 1);
  const reshape = { before: [rows, left.dims.at(-1) ?? 1], after: [...leading, right[1] ?? 1] };
  return { ...pair, dataType: left.dataType, gemmDims: [rows, columns], reshape };
}

/** Gemm widens its bias to the product but, other than Add, never the product to the bias. */
function fitsAsBias(dims: readonly Dim[] | undefined, columns: Dim): boolean {
  const [size] = dims ?? [];
  return dims?.length === 1 && size !== null && (size === 1 || size === columns);
}

/** Positive numbers only: to Reshape a zero means something else. */
function areSizes(dims: readonly Dim[]): dims is readonly number[] {
  return dims.length > 0 && dims.every((dim) => typeof dim === 'number' && dim > 0);
}

/** False when the Add went away already, as the Add of another MatMul. */
function replace(graph: Graph, { matMul, add, dataType, gemmDims, reshape }: Plan): boolean {
  if (!graph.nodes.has(add)) return false;
  const [sum = ''] = add.outputs;
  const bias = biasOf(add, matMul) ?? '';
  const relu = onlyRelu(graph, sum);
  graph.removeNode(add);
  graph.removeNode(matMul);
  for (const value of [sum, ...matMul.outputs]) graph.valueInfo.delete(value);

  const name = graph.freshName(renamed(matMul.name, 'MatMul', 'Gemm'));
  const [left = '', right = ''] = matMul.inputs;
  const gemmType = tensorType(dataType, gemmDims);
  if (reshape === undefined) {
    graph.replaceUses(sum, addGemm(graph, { name, inputs: [left, right, bias], type: gemmType }));
    return true;
  }
  const before = addReshape(graph, left, { name: renamed(name, 'Gemm', 'Reshape_pre'), type: tensorType(dataType, reshape.before) });
  const product = addGemm(graph, { name, inputs: [before, right, bias], type: gemmType });
  const after = { name: renamed(name, 'Gemm', 'Reshape_post'), type: tensorType(dataType, reshape.after) };
  if (relu === undefined) {
    addReshape(graph, product, { ...after, replaced: sum });
    return true;
  }
  const [activated = ''] = relu.outputs;
  graph.setInput(relu, 0, product);
  graph.setType(activated, gemmType);
  addReshape(graph, activated, { ...after, replaced: activated });
  return true;
}

/** The Relu that alone reads a value, when its own result is none of the graph's: the shape is then restored behind it, so that runtimes can fuse it. */
function onlyRelu(graph: Graph, value: string): Node | undefined {
  const [relu, ...others] = graph.consumers(value);
  const isHidden = relu !== undefined && others.length === 0 && isStandard(relu, 'Relu') && !graph.isOutput(relu.outputs[0] ?? '');
  return isHidden ? relu : undefined;
}

interface Added {
  readonly name: string;
  readonly type: TensorType;
}

/** Returns the product. */
function addGemm(graph: Graph, { name, inputs, type }: Added & { readonly inputs: readonly string[] }): string {
  const output = graph.freshName(`${name}_output`);
  const attributes = { alpha: floatAttribute(1), beta: floatAttribute(1), transA: intAttribute(0), transB: intAttribute(0) };
  graph.addNode({ opType: 'Gemm', name, inputs, outputs: [output], attributes });
  graph.setType(output, type);
  return output;
}

/** Returns the reshaped value; whoever reads `replaced` reads it from now on. */
function addReshape(graph: Graph, from: string, { type, replaced, ...wanted }: Added & { readonly replaced?: string }): string {
  const dims = (type.dims ?? []).map(Number);
  const name = graph.freshName(wanted.name);
  const shape = graph.freshName(`${name}_shape`);
  const output = graph.freshName(`${name}_output`);
  if (replaced !== undefined) graph.replaceUses(replaced, output);
  graph.setInitializer(shape, int64Tensor([dims.length], dims));
  graph.addNode({ opType: 'Reshape', name, inputs: [from, shape], outputs: [output] });
  graph.setType(output, type);
  return output;
}

/** Olive's rule for names of replaced nodes. */
function renamed(name: string, from: string, to: string): string {
  return name.includes(from) ? name.replaceAll(from, to) : `${name}_${to}`;
}
