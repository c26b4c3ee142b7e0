import { readInt } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node, NodeSpec } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { float32Tensor, float32Values, type Tensor } from '../../graph/tensor.ts';
import { type TensorType, tensorType } from '../../graph/value.ts';

/** Replaces every Gemm that is a plain product of its left operand by a MatMul, and an Add where it has a bias: there is no integer Gemm. Returns how many. */
export function replaceGemms(graph: Graph): number {
  let replaced = 0;
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'Gemm' || !isOnnxDomain(node.domain) || !isPlain(node)) continue;
    replaceGemm(graph, node);
    replaced++;
  }
  return replaced;
}

function isPlain(node: Node): boolean {
  return isOne(node, 'alpha') && isOne(node, 'beta') && readInt(node, 'transA', 0) === 0;
}

function isOne(node: Node, name: string): boolean {
  const factor = node.attributes.get(name);
  return factor === undefined || (factor.kind === 'float' && factor.value === 1);
}

function replaceGemm(graph: Graph, node: Node): void {
  const [left = '', right = '', bias = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const suffixed = (suffix: string): string => (node.name === '' ? '' : `${node.name}${suffix}`);
  const isTransposed = readInt(node, 'transB', 0) !== 0;
  const type = graph.typeOf(output);
  const product = bias === '' ? output : graph.freshName(`${output}_MatMul`);
  graph.removeNode(node);
  const matrix = isTransposed ? transposed(graph, right, suffixed('_Transpose')) : right;
  graph.addNode({ opType: 'MatMul', name: suffixed('_MatMul'), inputs: [left, matrix], outputs: [product] });
  if (bias === '') return;
  graph.addNode({ opType: 'Add', name: suffixed('_Add'), inputs: [product, bias], outputs: [output] } satisfies NodeSpec);
  if (type !== undefined) graph.setType(product, type);
}

/** The transposed right operand: a constant is replaced where nothing else reads it. */
function transposed(graph: Graph, right: string, name: string): string {
  const tensor = graph.initializers.get(right);
  if (tensor?.dataType === DataType.FLOAT && tensor.dims.length === 2 && !graph.isInput(right)) {
    const isShared = graph.useCount(right) > 0 || graph.isOutput(right);
    const constant = isShared ? graph.freshName(`${right}_Transposed`) : right;
    graph.setInitializer(constant, transposeMatrix(tensor));
    return constant;
  }
  const output = graph.freshName(`${right}_Transposed`);
  graph.addNode({ opType: 'Transpose', name, inputs: [right], outputs: [output] });
  const type = graph.typeOf(right);
  if (type?.kind === 'tensor') graph.setType(output, reversed(type));
  return output;
}

function reversed({ dataType, dims }: TensorType): TensorType {
  return tensorType(dataType, dims === undefined ? undefined : [...dims].reverse());
}

function transposeMatrix(tensor: Tensor): Tensor {
  const [rows = 0, columns = 0] = tensor.dims;
  const values = float32Values(tensor);
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] ?? 0;
  }
  return float32Tensor([columns, rows], result);
}
