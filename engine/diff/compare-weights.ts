import { DataType, dataTypeName, isFloatType } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import { type Tensor, toFloat32, toNumbers } from '../graph/tensor.ts';
import type { FingerprintedGraph } from './fingerprint.ts';
import { type Listing, listing } from './listing.ts';

/** One constant of that name in both models, with different content. */
export interface DifferentWeights {
  readonly name: string;
  /** `float[384, 1536]`. */
  readonly a: string;
  readonly b: string;
  /** Largest difference of an element; null when shapes differ or values cannot be compared, NaN counts as infinitely different. */
  readonly maxAbsDifference: number | null;
}

/** What became of the initialisers. */
export interface WeightsDifference {
  readonly equal: number;
  /** Of another name and the same content. */
  readonly renamed: number;
  readonly different: Listing<DifferentWeights>;
  readonly onlyA: Listing<string>;
  readonly onlyB: Listing<string>;
}

/** Compares initialisers by name, then those left over by content. */
export function compareWeights(a: Side, b: Side): WeightsDifference {
  const names = [...a.graph.initializers.keys()];
  const shared = names.filter((name) => b.graph.initializers.has(name));
  const differing = shared.filter((name) => a.prints.initializers.get(name) !== b.prints.initializers.get(name));
  const { renamed, onlyA, onlyB } = matchByContent(a, b);
  return {
    equal: shared.length - differing.length,
    renamed,
    different: listing(differing, (name) => describe(name, a.graph.initializers.get(name), b.graph.initializers.get(name))),
    onlyA: listing(onlyA),
    onlyB: listing(onlyB),
  };
}

/** A graph and its fingerprints. */
export interface Side {
  readonly graph: Graph;
  readonly prints: FingerprintedGraph;
}

function matchByContent(
  a: Side,
  b: Side,
): { readonly renamed: number; readonly onlyA: readonly string[]; readonly onlyB: readonly string[] } {
  const byContent = new Map<string, string[]>();
  for (const [name, print] of b.prints.initializers) {
    if (a.graph.initializers.has(name)) continue;
    const names = byContent.get(print);
    if (names === undefined) byContent.set(print, [name]);
    else names.push(name);
  }
  let renamed = 0;
  const onlyA = [...a.prints.initializers].flatMap(([name, print]) => {
    if (b.graph.initializers.has(name)) return [];
    if (byContent.get(print)?.pop() === undefined) return [name];
    renamed += 1;
    return [];
  });
  return { renamed, onlyA, onlyB: [...byContent.values()].flat() };
}

function describe(name: string, a: Tensor | undefined, b: Tensor | undefined): DifferentWeights {
  return { name, a: typeText(a), b: typeText(b), maxAbsDifference: a && b ? maxAbsDifference(a, b) : null };
}

function typeText(tensor: Tensor | undefined): string {
  return tensor === undefined ? '' : `${dataTypeName(tensor.dataType)}[${tensor.dims.join(', ')}]`;
}

function maxAbsDifference(a: Tensor, b: Tensor): number | null {
  if (a.dims.join() !== b.dims.join()) return null;
  const [x, y] = [values(a), values(b)];
  if (x === undefined || y === undefined) return null;
  let largest = 0;
  for (let index = 0; index < x.length; index++) {
    const [left = 0, right = 0] = [x[index], y[index]];
    // Equal infinities differ by nothing.
    if (left === right || (Number.isNaN(left) && Number.isNaN(right))) continue;
    const difference = Math.abs(left - right);
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return largest;
}

function values(tensor: Tensor): ArrayLike<number> | undefined {
  const { dataType, bytes } = tensor;
  if (isFloatType(dataType)) return toFloat32(tensor);
  if (dataType === DataType.INT8) return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  if (dataType === DataType.UINT16) return new Uint16Array(new Uint8Array(bytes).buffer);
  if (dataType === DataType.INT16) return new Int16Array(new Uint8Array(bytes).buffer);
  const plain = dataType === DataType.INT64 || dataType === DataType.INT32 || dataType === DataType.UINT8 || dataType === DataType.BOOL;
  return plain ? toNumbers(tensor) : undefined;
}
