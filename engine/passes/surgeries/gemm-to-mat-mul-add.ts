import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { intsAttribute, readFloat, readInt } from '../../graph/attribute.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { type Model, onnxOpset } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { transposeTensor } from '../../graph/transpose.ts';
import type { Surgery } from './surgery.ts';

/** Before this operator set Gemm and Add broadcast only when told to. */
const FIRST_OPSET = 7;

/** Replaces plain Gemm nodes of the main graph by MatMul and Add. */
export const gemmToMatMulAdd: Surgery<SurgeonArguments<'GemmToMatMulAdd'>> = {
  operate(model) {
    const gemms = onnxOpset(model) < FIRST_OPSET ? [] : [...model.graph.nodes].filter(isGemm);
    const plain = gemms.filter(isPlain);
    const splitter = new Splitter(model);
    for (const gemm of plain) splitter.split(gemm);
    const whyNothing = gemms.length > 0 ? { whyNothing: 'every Gemm has an alpha or beta other than 1 or a transposed left operand' } : {};
    return { changes: plain.length, ...(plain.length > 0 ? {} : whyNothing) };
  },
};

function isGemm({ opType, domain }: Node): boolean {
  return opType === 'Gemm' && isOnnxDomain(domain);
}

function isPlain(node: Node): boolean {
  return readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1 && readInt(node, 'transA', 0) === 0;
}

/** Splits Gemm nodes, transposing each weight once however many read it. */
class Splitter {
  readonly #graph: Graph;
  readonly #transposed = new Map<string, string>();

  constructor({ graph }: Model) {
    this.#graph = graph;
  }

  split(gemm: Node): void {
    const graph = this.#graph;
    const [left = '', weight = '', bias = ''] = gemm.inputs;
    const [output = ''] = gemm.outputs;
    const base = gemm.name || output;
    const right = readInt(gemm, 'transB', 0) === 0 ? weight : this.#transpose(weight, base);
    graph.removeNode(gemm);
    const product = bias === '' ? output : graph.freshName(`${base}_matmul_out`);
    graph.addNode({ opType: 'MatMul', name: graph.freshName(`${base}_MatMul`), inputs: [left, right], outputs: [product] });
    this.#dropUnused(weight);
    if (bias === '') return;
    graph.addNode({ opType: 'Add', name: graph.freshName(`${base}_Add`), inputs: [product, bias], outputs: [output] });
  }

  /** Returns the value that is the transpose of `weight`. */
  #transpose(weight: string, base: string): string {
    const known = this.#transposed.get(weight);
    if (known !== undefined) return known;
    const constant = this.#graph.isInput(weight) ? undefined : this.#graph.initializers.get(weight);
    const tensor = constant && transposeTensor(constant);
    const turned = tensor === undefined ? this.#addTranspose(weight, base) : this.#graph.freshName(`${weight}_transposed`);
    if (tensor !== undefined) this.#graph.setInitializer(turned, tensor);
    this.#transposed.set(weight, turned);
    return turned;
  }

  #addTranspose(weight: string, base: string): string {
    const output = this.#graph.freshName(`${base}_transpose_B`);
    const attributes = { perm: intsAttribute([1, 0]) };
    this.#graph.addNode({
      opType: 'Transpose',
      name: this.#graph.freshName(`${base}_Transpose`),
      inputs: [weight],
      outputs: [output],
      attributes,
    });
    return output;
  }

  #dropUnused(weight: string): void {
    const graph = this.#graph;
    const isWanted = graph.isInput(weight) || graph.isOutput(weight) || graph.consumers(weight).length > 0;
    if (this.#transposed.has(weight) && !isWanted) graph.removeInitializer(weight);
  }
}
