import { createHash } from 'node:crypto';
import type { Graph } from '../../graph/graph.ts';
import { type Tensor, tensorSizeBytes } from '../../graph/tensor.ts';

/** Bytes at each end of a tensor that stand for it before whole contents are compared. */
const PROBE_BYTES = 32;

/**
 * Lets initialisers of equal type, shape and bytes share the first of them, and returns how many went away. Those that are graph inputs or
 * outputs keep their names and stay; strings are left alone. Bodies of nodes are graphs of their own: nothing is shared with them.
 */
export function mergeEqualInitializers(graph: Graph): number {
  const ends = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const kept = new Map<string, Candidates>();
  let merged = 0;
  for (const [name, tensor] of [...graph.initializers]) {
    if (tensor.strings !== undefined || ends.has(name)) continue;
    const key = probe(tensor);
    const candidates = kept.get(key);
    if (candidates === undefined) {
      kept.set(key, new Candidates(name, tensor));
      continue;
    }
    const equal = candidates.nameOf(name, tensor);
    if (equal === name) continue;
    graph.replaceUses(name, equal);
    graph.removeInitializer(name);
    merged++;
  }
  return merged;
}

/** Tensors with one probe. Whole contents are hashed only once there are two: most tensors are alone. */
class Candidates {
  readonly #first: { readonly name: string; readonly tensor: Tensor };
  readonly #names = new Map<string, string>();

  constructor(name: string, tensor: Tensor) {
    this.#first = { name, tensor };
  }

  /** The name of the first tensor with this content, which is `name` itself when there was none. */
  nameOf(name: string, tensor: Tensor): string {
    if (this.#names.size === 0) this.#names.set(contentOf(this.#first.tensor), this.#first.name);
    const content = contentOf(tensor);
    const known = this.#names.get(content);
    if (known !== undefined) return known;
    this.#names.set(content, name);
    return name;
  }
}

function contentOf({ bytes }: Tensor): string {
  return bytes.length <= 2 * PROBE_BYTES ? '' : createHash('sha256').update(bytes).digest('base64');
}

/** Different for nearly all different tensors, at a cost that does not grow with them. */
function probe(tensor: Tensor): string {
  const { bytes, dataType, dims } = tensor;
  const ends = [bytes.subarray(0, PROBE_BYTES), bytes.subarray(Math.max(0, bytes.length - PROBE_BYTES))];
  return `${dataType}:${dims.join('x')}:${tensorSizeBytes(tensor)}:${Buffer.concat(ends).toString('base64')}`;
}
