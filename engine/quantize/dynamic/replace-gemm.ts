import { readInt } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { transposeTensor } from '../../graph/transpose.ts';
import { type TensorType, tensorType } from '../../graph/value.ts';

/** Replaces every Gemm that is a plain product of its left operand by a MatMul, and an Add where it has a bias: there is no integer Gemm. Returns how many. */
export function replaceGemms(graph: Graph): number {
  let replaced = 0;
  const names = new Set([...graph.nodes].map(({ name }) => name));
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'Gemm' || !isOnnxDomain(node.domain) || !isPlain(node)) continue;
    replaceGemm(graph, node, names);
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

/** Nodes get onnxruntime's names; ONNX Runtime refuses two of one name. */
function replaceGemm(graph: Graph, node: Node, names: ReadonlySet<string>): void {
  const [left = '', right = '', bias = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const suffixed = (suffix: string): string => {
    const name = `${node.name}${suffix}`;
    if (node.name === '') return '';
    return names.has(name) ? graph.freshName(name) : name;
  };
  const isTransposed = readInt(node, 'transB', 0) !== 0;
  const type = graph.typeOf(output);
  const product = bias === '' ? output : graph.freshName(`${output}_MatMul`);
  graph.removeNode(node);
  const matrix = isTransposed ? transposed(graph, right, suffixed('_Transpose')) : right;
  graph.addNode({ opType: 'MatMul', name: suffixed('_MatMul'), inputs: [left, matrix], outputs: [product] });
  if (bias === '') return;
  graph.addNode({ opType: 'Add', name: suffixed('_Add'), inputs: [product, bias], outputs: [output] });
  if (type !== undefined) graph.setType(product, type);
}

/** The transposed right operand: a constant is replaced where nothing else reads it. */
function transposed(graph: Graph, right: string, name: string): string {
  const tensor = graph.initializers.get(right);
  const turned = tensor?.dataType === DataType.FLOAT && !graph.isInput(right) ? transposeTensor(tensor) : undefined;
  if (turned !== undefined) {
    const isShared = graph.useCount(right) > 0 || graph.isOutput(right);
    const constant = isShared ? graph.freshName(`${right}_Transposed`) : right;
    graph.setInitializer(constant, turned);
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
