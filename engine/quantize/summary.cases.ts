import { createHash } from 'node:crypto';
import { DataType, dataTypeName, elementCount } from '../graph/data-type.ts';
import type { Node } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { type Tensor, toFloat32, toNumbers } from '../graph/tensor.ts';

/** Tensors up to this size are written out, larger ones as the beginning of their digest: as in `fixtures/reference_quantizer.py`. */
const MAX_LISTED = 16;

/** Everything about a quantised model but its weights. */
export interface ModelSummary {
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Operator, name, inputs, outputs, and where there are such the axis (or beta) and the domain; by the first output. */
  readonly nodes: readonly (readonly unknown[])[];
  /** Type, dims and elements by name. */
  readonly initializers: Readonly<Record<string, readonly unknown[]>>;
}

export function summaryOf({ graph, opsetImports }: Model): ModelSummary {
  const byOutput = (a: Node, b: Node): number => ((a.outputs[0] ?? '') < (b.outputs[0] ?? '') ? -1 : 1);
  return {
    opsets: Object.fromEntries(opsetImports),
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    nodes: [...graph.nodes].sort(byOutput).map(nodeSummary),
    initializers: Object.fromEntries([...graph.initializers].sort().map(([name, tensor]) => [name, tensorSummary(tensor)])),
  };
}

function nodeSummary({ opType, domain, name, inputs, outputs, attributes }: Node): readonly unknown[] {
  const attribute = attributes.get('axis') ?? attributes.get('beta');
  const number = attribute?.kind === 'int' || attribute?.kind === 'float' ? Number(attribute.value) : null;
  const rest = domain === '' ? [number].filter((value) => value !== null) : [number, domain];
  return [opType, name, inputs, outputs, ...rest];
}

function tensorSummary(tensor: Tensor): readonly unknown[] {
  const isListed = elementCount(tensor.dims) <= MAX_LISTED;
  const elements = isListed ? elementsOf(tensor) : createHash('sha256').update(tensor.bytes).digest('hex').slice(0, 16);
  return [dataTypeName(tensor.dataType), tensor.dims, elements];
}

function elementsOf(tensor: Tensor): number[] {
  const { buffer, byteOffset, length } = new Uint8Array(tensor.bytes);
  switch (tensor.dataType) {
    case DataType.INT8:
      return Array.from(new Int8Array(buffer, byteOffset, length));
    case DataType.UINT16:
      return Array.from(new Uint16Array(buffer, byteOffset, length / 2));
    case DataType.INT16:
      return Array.from(new Int16Array(buffer, byteOffset, length / 2));
    case DataType.FLOAT:
    case DataType.FLOAT16:
      return Array.from(toFloat32(tensor));
    default:
      return toNumbers(tensor);
  }
}
