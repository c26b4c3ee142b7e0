import { basename, dirname } from 'node:path';
import { DataType, dataTypeName } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import { allGraphs } from '../graph/topology.ts';
import { readModel, readModelBytes } from '../onnx/read.ts';
import { ExternalSizes } from './external-sizes.ts';
import { computePrecision } from './precision.ts';

/** Precisions of heavy nodes that are no less than float32, or that nobody knows. */
const FULL: ReadonlySet<string> = new Set([dataTypeName(DataType.FLOAT), dataTypeName(DataType.DOUBLE), 'unknown']);

/** Float types narrower than float32 that weights come in. */
const NARROW: ReadonlySet<number> = new Set([DataType.FLOAT16, DataType.BFLOAT16]);

/**
 * What the model of a file computes in, or keeps its weights in, that is less than float32: `float16`, `uint8 x int8` (activations, weights). Empty for a
 * float32 model. External weights are not read. Throws what reading a model throws.
 */
export async function lowPrecisionOf(path: string): Promise<readonly string[]> {
  const { graph } = readModel(await readModelBytes(path), { where: basename(path), external: new ExternalSizes(dirname(path)) });
  const computed = Object.keys(computePrecision(graph).compute).filter((precision) => !FULL.has(precision));
  return [...new Set([...computed, ...narrowWeights(graph)])];
}

function narrowWeights(main: Graph): readonly string[] {
  const types = [...allGraphs(main)].flatMap(({ initializers }) => [...initializers.values()].map(({ dataType }) => dataType));
  return types.filter((dataType) => NARROW.has(dataType)).map(dataTypeName);
}
