import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { halvesFromFloats } from '../graph/half.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { type Dim, tensorType } from '../graph/value.ts';

const OPSET = { irVersion: 8, opsetImports: [['', 17]] } as const;

/** `y = relu(x W)`, float32: x [batch, 2], W the columns (1, 0), (0, 1), (1, -1). */
export function linearModel(): Model {
  const graph = new Graph('linear');
  graph.addInput('x', tensorType(DataType.FLOAT, ['batch', 2]));
  graph.setInitializer('w', float32Tensor([2, 3], [1, 0, 1, 0, 1, -1]));
  graph.addNode({ opType: 'MatMul', name: 'multiply', inputs: ['x', 'w'], outputs: ['product'] });
  graph.addNode({ opType: 'Relu', name: 'clip', inputs: ['product'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, ['batch', 3]));
  return createModel(graph, OPSET);
}

/** A chain of `count` products with a [512, 512] matrix: x and y [512, 512]. Takes milliseconds a node. */
export function longModel(count: number): Model {
  const graph = new Graph('long');
  graph.addInput('x', tensorType(DataType.FLOAT, [512, 512]));
  graph.setInitializer('w', float32Tensor([512, 512], new Float32Array(512 * 512)));
  for (let index = 0; index < count; index++)
    graph.addNode({
      opType: 'MatMul',
      inputs: [index === 0 ? 'x' : `v${index}`, 'w'],
      outputs: [index === count - 1 ? 'y' : `v${index + 1}`],
    });
  graph.addOutput('y', tensorType(DataType.FLOAT, [512, 512]));
  return createModel(graph, OPSET);
}

/** `y = x + 1`, float16: x [2]. */
export function halfModel(): Model {
  const graph = new Graph('half');
  graph.addInput('x', tensorType(DataType.FLOAT16, [2]));
  graph.setInitializer('one', makeTensor(DataType.FLOAT16, [1], halvesFromFloats(Float32Array.of(1))));
  graph.addNode({ opType: 'Add', inputs: ['x', 'one'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT16, [2]));
  return createModel(graph, OPSET);
}

/** Embeds `input_ids` into rows of `hiddenSize`, adds a bias by `attention_mask`: the inputs and output layout of a text encoder. */
export function embeddingModel(vocabularySize = 16, hiddenSize = 4, dims: readonly Dim[] = ['batch_size', 'sequence_length']): Model {
  const graph = new Graph('embedding');
  graph.addInput('input_ids', tensorType(DataType.INT64, dims));
  graph.addInput('attention_mask', tensorType(DataType.INT64, dims));
  const table = Float32Array.from({ length: vocabularySize * hiddenSize }, (_, i) => Math.sin(i + 1));
  graph.setInitializer('table', float32Tensor([vocabularySize, hiddenSize], table));
  graph.setInitializer('last', int64Tensor([1], [2]));
  graph.addNode({ opType: 'Gather', name: 'embed', inputs: ['table', 'input_ids'], outputs: ['rows'] });
  graph.addNode({
    opType: 'Cast',
    name: 'cast',
    inputs: ['attention_mask'],
    outputs: ['mask'],
    attributes: { to: { kind: 'int', value: 1n } },
  });
  graph.addNode({ opType: 'Unsqueeze', name: 'widen', inputs: ['mask', 'last'], outputs: ['wide'] });
  graph.addNode({ opType: 'Add', name: 'bias', inputs: ['rows', 'wide'], outputs: ['last_hidden_state'] });
  graph.addOutput('last_hidden_state', tensorType(DataType.FLOAT, [...dims, hiddenSize]));
  return createModel(graph, OPSET);
}

/** Sends int64, bool, int32 and string inputs straight to outputs of the same type. */
export function identityModel(): Model {
  const graph = new Graph('identity');
  for (const [name, dataType] of [
    ['i64', DataType.INT64],
    ['bool', DataType.BOOL],
    ['i32', DataType.INT32],
    ['text', DataType.STRING],
  ] as const) {
    graph.addInput(name, tensorType(dataType, [2]));
    graph.addNode({ opType: 'Identity', inputs: [name], outputs: [`${name}_out`] });
    graph.addOutput(`${name}_out`, tensorType(dataType, [2]));
  }
  return createModel(graph, OPSET);
}
