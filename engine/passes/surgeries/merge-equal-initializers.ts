import type { Graph } from '../../graph/graph.ts';
import { type Tensor, tensorSizeBytes } from '../../graph/tensor.ts';

/** Bytes at each end of a tensor that stand for it before whole contents are compared. */
const PROBE_BYTES = 32;

/**
 * Lets initialisers of equal type, shape and bytes share the first of them, and returns how many went away. Those that are graph inputs or
 * outputs keep their names and stay; strings are left alone.
 */
export function mergeEqualInitializers(graph: Graph): number {
  const kept = new Map<string, { readonly name: string; readonly bytes: Uint8Array }[]>();
  let merged = 0;
  for (const [name, tensor] of [...graph.initializers]) {
    if (tensor.strings !== undefined || graph.isInput(name) || graph.isOutput(name)) continue;
    const key = probe(tensor);
    const candidates = kept.get(key) ?? [];
    const equal = candidates.find(({ bytes }) => Buffer.compare(bytes, tensor.bytes) === 0);
    if (equal === undefined) {
      kept.set(key, [...candidates, { name, bytes: tensor.bytes }]);
      continue;
    }
    graph.replaceUses(name, equal.name);
    graph.removeInitializer(name);
    merged++;
  }
  return merged;
}

/** Different for nearly all different tensors, at a cost that does not grow with them. */
function probe(tensor: Tensor): string {
  const { bytes, dataType, dims } = tensor;
  const ends = [bytes.subarray(0, PROBE_BYTES), bytes.subarray(Math.max(0, bytes.length - PROBE_BYTES))];
  return `${dataType}:${dims.join('x')}:${tensorSizeBytes(tensor)}:${Buffer.concat(ends).toString('base64')}`;
}
