import { DataType } from '../graph/data-type.ts';
import { type Attribute, Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor, type Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';

/** A model with one of everything a round trip must keep: bodies, every attribute kind, symbolic and unknown dims, metadata. */
export function richModel(): Model {
  const graph = new Graph('main');
  graph.addInput('x', { ...tensorType(DataType.FLOAT, ['batch', 3, null]), denotation: 'IMAGE', dimDenotations: ['DATA_BATCH', '', ''] });
  graph.addInput('flag', tensorType(DataType.BOOL, []));
  graph.setInitializer('w', { ...float32Tensor([2, 2], [1, -2, 3, 4.5]), extras: { docString: 'a weight' } });
  graph.setInitializer('names', { dataType: DataType.STRING, dims: [2], bytes: new Uint8Array(0), strings: [utf8('é'), utf8('')] });
  graph.setInitializer('empty', float32Tensor([0, 4], []));
  const attributes: Record<string, Attribute> = {
    f: { kind: 'float', value: 0 },
    i: { kind: 'int', value: 9223372036854775807n },
    s: { kind: 'string', value: Uint8Array.of(0xff, 0x00, 0x41) },
    t: { kind: 'tensor', value: { ...int64Tensor([], [-5]), attributeName: 'inner' } },
    floats: { kind: 'floats', value: [1.5, -0.25] },
    ints: { kind: 'ints', value: [-1n, 0n, 2n ** 40n] },
    strings: { kind: 'strings', value: [utf8('a'), utf8('')] },
    tensors: { kind: 'tensors', value: [float32Tensor([1], [2])] },
    emptyInts: { kind: 'ints', value: [] },
  };
  graph.addNode({ opType: 'Everything', domain: 'test.domain', name: 'all', inputs: ['x', '', 'w'], outputs: ['a', '', 'b'], attributes });
  graph.addNode({
    opType: 'If',
    name: 'if',
    inputs: ['flag'],
    outputs: ['y'],
    attributes: { then_branch: branch('then'), else_branch: branch('else') },
  });
  graph.addOutput('y', tensorType(DataType.FLOAT, undefined));
  graph.setType('a', tensorType(DataType.FLOAT, ['batch', 3, null]));
  const model = createModel(graph, {
    irVersion: 9,
    opsetImports: [
      ['', 20],
      ['test.domain', 1],
    ],
    producerName: 'test',
    producerVersion: '1',
  });
  model.metadata.set('key', 'välue');
  model.docString = 'documentation';
  model.modelVersion = 7n;
  return model;
}

function branch(name: string): Attribute {
  const body = new Graph(name);
  body.setInitializer(`${name}_k`, float32Tensor([1], [2]));
  body.addNode({ opType: 'Mul', name: `${name}_mul`, inputs: ['a', `${name}_k`], outputs: [`${name}_y`] });
  body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, undefined));
  return { kind: 'graph', value: body };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Everything a model says, as plain data that two models can be compared by. */
export function plainModel(model: Model): unknown {
  const { graph, ...rest } = model;
  return { ...rest, graph: plainGraph(graph) };
}

function plainGraph(graph: Graph): unknown {
  const nodes = [...graph.nodes].map(({ attributes, ...node }) => ({
    ...node,
    attributes: [...attributes].map(([name, attribute]) => [name, plainAttribute(attribute)]),
  }));
  const initializers = [...graph.initializers].map(([name, tensor]) => [name, plainTensor(tensor)]);
  const { name, inputs, outputs, valueInfo, sparseInitializers, quantizationAnnotations, extras } = graph;
  return { name, inputs, outputs, valueInfo, sparseInitializers, quantizationAnnotations, extras, nodes, initializers };
}

function plainAttribute(attribute: Attribute): unknown {
  if (attribute.kind === 'graph') return plainGraph(attribute.value);
  if (attribute.kind === 'graphs') return attribute.value.map(plainGraph);
  if (attribute.kind === 'tensor') return plainTensor(attribute.value);
  if (attribute.kind === 'tensors') return attribute.value.map(plainTensor);
  return attribute;
}

function plainTensor(tensor: Tensor): unknown {
  return { ...tensor, bytes: [...tensor.bytes] };
}
