import { GroveError } from '../../domain/errors.ts';
import type { Attribute, Node } from './graph.ts';
import type { Tensor } from './tensor.ts';

export function floatAttribute(value: number): Attribute {
  return { kind: 'float', value: Math.fround(value) };
}

export function intAttribute(value: number | bigint): Attribute {
  return { kind: 'int', value: BigInt(value) };
}

export function intsAttribute(values: readonly number[]): Attribute {
  return { kind: 'ints', value: values.map(BigInt) };
}

export function stringAttribute(value: string): Attribute {
  return { kind: 'string', value: new TextEncoder().encode(value) };
}

export function tensorAttribute(value: Tensor): Attribute {
  return { kind: 'tensor', value };
}

function wrongKind(node: Node, name: string, actual: string): GroveError {
  return new GroveError('invalid-onnx', {
    where: `node "${node.name}" (${node.opType})`,
    problem: `attribute "${name}" is of kind ${actual}`,
  });
}

/** The int attribute `name` as a number, or `fallback` when absent. Throws `invalid-onnx` when it is of another kind. */
export function readInt(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (!attribute) return fallback;
  if (attribute.kind !== 'int') throw wrongKind(node, name, attribute.kind);
  return Number(attribute.value);
}

/** The float attribute `name`, or `fallback` when absent. Throws `invalid-onnx` when it is of another kind. */
export function readFloat(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (!attribute) return fallback;
  if (attribute.kind !== 'float') throw wrongKind(node, name, attribute.kind);
  return attribute.value;
}

/** The string attribute `name`, or `fallback` when absent. Throws `invalid-onnx` when it is of another kind. */
export function readString(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  if (!attribute) return fallback;
  if (attribute.kind !== 'string') throw wrongKind(node, name, attribute.kind);
  return new TextDecoder().decode(attribute.value);
}

/** The tensor attribute `name`, or undefined when absent. */
export function readTensor(node: Node, name: string): Tensor | undefined {
  const attribute = node.attributes.get(name);
  if (!attribute) return undefined;
  if (attribute.kind !== 'tensor') throw wrongKind(node, name, attribute.kind);
  return attribute.value;
}
