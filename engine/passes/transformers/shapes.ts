import { GroveError } from '../../../domain/errors.ts';
import type { DataType } from '../../graph/data-type.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { type Dim, type TensorType, tensorType } from '../../graph/value.ts';
import type { InferenceRuntime } from '../../runtime/inference-runtime.ts';
import { inferTypes } from '../../runtime/type-oracle.ts';

/**
 * Types of the values of a model's main graph, Constants apart. Names of values keep their meaning through fusions, so what was learnt before them
 * stays true; values that fusions add are not known.
 */
export interface Shapes {
  dataTypeOf(value: string): DataType | undefined;
  /**
   * Numbers are sizes that do not depend on the inputs; equal strings are equal sizes that do; null is an unknown size. Undefined for scalars and for
   * values of unknown rank. Behind arithmetic on sizes this holds as far as two looks with sizes from 3 to 19 can tell: where such arithmetic takes
   * another turn for smaller or larger inputs, as a minimum does, the sizes may be others there.
   */
  dimsOf(value: string): readonly Dim[] | undefined;
}

/**
 * Sizes that symbolic dimensions are supposed to have, in turn, at the first and at the second look. ONNX Runtime computes shapes behind Shape
 * arithmetic only where sizes are numbers, and what is equal at both looks is equal. Small, because positions may be few; not 1, which broadcasts.
 */
const SIZES: readonly (readonly [number, number])[] = [
  [3, 7],
  [5, 3],
  [7, 5],
  [11, 13],
  [13, 11],
  [17, 19],
];

type Types = ReadonlyMap<string, TensorType>;

/** Learns the types of a model. Throws `session-failed` or `invalid-onnx` when ONNX Runtime does not accept it. */
export async function inferShapes(model: Model, runtime: InferenceRuntime): Promise<Shapes> {
  const symbols = symbolsOf(model.graph).slice(0, SIZES.length);
  const values = computedValues(model.graph);
  const look = (which: 0 | 1): Promise<Types> => {
    const sizes = new Map(symbols.map((symbol, index) => [symbol, SIZES[index]?.[which] ?? 0]));
    return inferTypes(model, runtime, { foldConstants: true, sizes, values, tellScalars: false });
  };
  try {
    const first = await look(0);
    const types = symbols.length === 0 ? first : mergeLooks(first, await look(1), symbols);
    return new KnownShapes(model.graph, types);
  } catch (error) {
    if (!isRefusal(error) || symbols.length === 0) throw error;
    // Some models take few sizes only: an image no smaller than a kernel, an even length.
    return new KnownShapes(model.graph, await inferTypes(model, runtime, { values, tellScalars: false }));
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof GroveError && (error.code === 'session-failed' || error.code === 'invalid-onnx');
}

function symbolsOf({ inputs }: Graph): readonly string[] {
  const dims = inputs.flatMap(({ type }) => (type?.kind === 'tensor' ? (type.dims ?? []) : []));
  return [...new Set(dims.filter((dim) => typeof dim === 'string'))];
}

function computedValues(graph: Graph): readonly string[] {
  return [...graph.nodes].flatMap(({ opType, outputs }) => (opType === 'Constant' ? [] : outputs.filter((output) => output !== '')));
}

function mergeLooks(first: Types, second: Types, symbols: readonly string[]): Types {
  const names = new Map(symbols.map((symbol, index) => [String(SIZES[index]), symbol]));
  return new Map(
    [...first].map(([value, { dataType, dims }]) => {
      const others = second.get(value)?.dims;
      const same = dims?.length === others?.length ? dims?.map((dim, axis) => mergeDims(dim, others?.[axis] ?? null, names)) : undefined;
      return [value, tensorType(dataType, same)];
    }),
  );
}

function mergeDims(first: Dim, second: Dim, names: ReadonlyMap<string, string>): Dim {
  if (first === second || first === null || second === null) return first === second ? first : null;
  const sizes = String([first, second]);
  return names.get(sizes) ?? sizes;
}

class KnownShapes implements Shapes {
  readonly #types: ReadonlyMap<string, TensorType>;

  constructor(graph: Graph, computed: Types) {
    const types = new Map(computed);
    for (const { name, type } of graph.inputs) if (type?.kind === 'tensor') types.set(name, type);
    for (const [name, { dataType, dims }] of graph.initializers) types.set(name, tensorType(dataType, dims));
    this.#types = types;
  }

  dataTypeOf(value: string): DataType | undefined {
    return this.#types.get(value)?.dataType;
  }

  dimsOf(value: string): readonly Dim[] | undefined {
    return this.#types.get(value)?.dims;
  }
}
