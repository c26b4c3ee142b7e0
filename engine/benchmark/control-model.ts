import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { seededRandom } from './seeded-random.ts';

const OPSET = { irVersion: 8, opsetImports: [['', 17]] } as const;

/** Size of a stack of products. */
export interface MatMulStack {
  /** Products with the one weight, in a chain. */
  readonly depth: number;
  /** Rows of the input. */
  readonly rows: number;
  /** Columns of the input, rows and columns of the weight. */
  readonly width: number;
}

const WEIGHT_SEED = 1;

/**
 * A chain of products of `x` [rows, width] with one seeded float32 weight, whose scale keeps values of any depth far from zero and infinity. The same
 * bytes everywhere and always, so that its latency tells of the machine alone.
 */
export function matMulStack({ depth, rows, width }: MatMulStack): Model {
  const graph = new Graph('control');
  const type = tensorType(DataType.FLOAT, [rows, width]);
  const random = seededRandom(WEIGHT_SEED);
  // Uniform in [-a, a) with a variance of 1 / width: a product keeps the length of a row.
  const bound = Math.sqrt(3 / width);
  graph.addInput('x', type);
  graph.setInitializer(
    'w',
    float32Tensor(
      [width, width],
      Float32Array.from({ length: width * width }, () => (random() * 2 - 1) * bound),
    ),
  );
  for (let index = 0; index < depth; index++)
    graph.addNode({
      opType: 'MatMul',
      name: `product_${index}`,
      inputs: [index === 0 ? 'x' : `v${index}`, 'w'],
      outputs: [index === depth - 1 ? 'y' : `v${index + 1}`],
    });
  graph.addOutput('y', type);
  return createModel(graph, OPSET);
}
