import { floatAttribute, intAttribute, intsAttribute, tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { type Attribute, Graph } from '../graph/graph.ts';
import { createModel, irVersionFor } from '../graph/model.ts';
import { float32Tensor, int64Tensor, makeTensor } from '../graph/tensor.ts';
import { type Dim, tensorType } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';

/** Small valid models with the shapes that passes look for. Each computes something that ONNX Runtime can run. */

type Attributes = Readonly<Record<string, Attribute>>;

/** A graph that is written down line by line. */
class Sketch {
  readonly graph: Graph;

  constructor(inputs: Readonly<Record<string, readonly Dim[]>>, name = 'main') {
    this.graph = new Graph(name);
    for (const [input, dims] of Object.entries(inputs)) this.graph.addInput(input, tensorType(DataType.FLOAT, dims));
  }

  weights(name: string, ...dims: number[]): string {
    const length = dims.reduce((product, dim) => product * dim, 1);
    this.graph.setInitializer(
      name,
      float32Tensor(
        dims,
        Float32Array.from({ length }, (_, index) => Math.cos(index * 1.3)),
      ),
    );
    return name;
  }

  longs(name: string, ...values: number[]): string {
    this.graph.setInitializer(name, int64Tensor([values.length], values));
    return name;
  }

  /** Adds a node named after what it writes. */
  op(output: string, opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    this.graph.addNode({ opType, name: `make_${output}`, inputs, outputs: [output], attributes });
    return output;
  }

  encode(outputs: readonly string[], opset = 17): Uint8Array {
    for (const output of outputs) this.graph.addOutput(output, undefined);
    return encodeModel(createModel(this.graph, { irVersion: irVersionFor(opset), opsetImports: [['', opset]] }));
  }
}

const cast = (type: number): Attributes => ({ to: intAttribute(type) });

/** Two projections with biases, a Relu, a transposed Gemm, a shared weight and a twin of it. */
function perceptron(): Uint8Array {
  const s = new Sketch({ x: [2, 3, 4] });
  s.weights('w', 4, 4);
  s.weights('twin', 4, 4);
  s.weights('b', 4);
  s.op('p', 'MatMul', ['x', 'w']);
  s.op('s', 'Add', ['p', 'b']);
  s.op('r', 'Relu', ['s']);
  s.op('p2', 'MatMul', ['r', 'twin']);
  s.op('s2', 'Add', ['b', 'p2']);
  s.op('flat', 'Reshape', ['s2', s.longs('rows', 6, 4)]);
  s.op('y', 'Gemm', ['flat', 'w', 'b'], { transB: intAttribute(1) });
  return s.encode(['y', 's2']);
}

/** What an encoder does around attention, with symbolic dimensions, a mask of the lowest number and Shape arithmetic. */
function encoder(): Uint8Array {
  const s = new Sketch({ x: ['batch', 'seq', 4], mask: ['batch', 'seq'] });
  s.op('lowest', 'Constant', [], { value: tensorAttribute(float32Tensor([1], [-3.4028234663852886e38])) });
  s.op('one', 'Constant', [], { value: tensorAttribute(float32Tensor([], [1])) });
  s.op('inverse', 'Sub', ['one', 'mask']);
  s.op('hidden', 'Mul', ['inverse', 'lowest']);
  s.op('wide', 'Unsqueeze', ['hidden', s.longs('axis1', 1)]);
  s.op('n', 'LayerNormalization', ['x', s.weights('gamma', 4), s.weights('beta', 4)], { epsilon: floatAttribute(1e-5) });
  s.op('q0', 'MatMul', ['n', s.weights('wq', 4, 4)]);
  s.op('q', 'Add', ['q0', s.weights('bq', 4)]);
  s.op('k', 'Transpose', ['n'], { perm: intsAttribute([0, 2, 1]) });
  s.op('scores', 'MatMul', ['q', 'k']);
  s.op('masked', 'Add', ['scores', 'wide']);
  s.op('weights', 'Softmax', ['masked'], { axis: intAttribute(-1) });
  s.op('context', 'MatMul', ['weights', 'n']);
  s.op('shape', 'Shape', ['context']);
  s.op('rows', 'Gather', ['shape', s.longs('first', 0)]);
  s.op('target', 'Concat', ['rows', s.longs('rest', -1)], { axis: intAttribute(0) });
  s.op('flat', 'Reshape', ['context', 'target']);
  s.op('root', 'Div', ['context', s.op('two', 'Constant', [], { value: tensorAttribute(float32Tensor([], [Math.SQRT2])) })]);
  s.op('erf', 'Erf', ['root']);
  s.op('y', 'Add', ['erf', 'context']);
  return s.encode(['y', 'flat']);
}

/** Convolution, pooling, resizing, a reduction with axes, and operators that stay float32 by default. */
function convolution(): Uint8Array {
  const s = new Sketch({ image: [1, 2, 4, 4] });
  s.op('c', 'Conv', ['image', s.weights('kernel', 2, 2, 3, 3), s.weights('bias', 2)], { pads: intsAttribute([1, 1, 1, 1]) });
  const stats = ['scale', 'shift', 'mean'].map((name) => s.weights(name, 2));
  s.graph.setInitializer('variance', float32Tensor([2], [1, 2]));
  s.op('bn', 'BatchNormalization', ['c', ...stats, 'variance']);
  s.op('r', 'Relu', ['bn']);
  s.op('pool', 'MaxPool', ['r'], { kernel_shape: intsAttribute([2, 2]), strides: intsAttribute([2, 2]) });
  s.graph.setInitializer('factors', float32Tensor([4], [1, 1, 2, 2]));
  s.op('big', 'Resize', ['pool', '', 'factors']);
  s.op('least', 'Min', ['big', 'image']);
  s.op('m', 'ReduceMean', ['least'], { axes: intsAttribute([2, 3]), keepdims: intAttribute(0) });
  s.op('y', 'Gemm', ['m', s.weights('fc', 3, 2), s.weights('fcb', 3)], { transB: intAttribute(1) });
  return s.encode(['y']);
}

/** Branches that capture values, and a loop that carries one. */
function branches(): Uint8Array {
  const s = new Sketch({ x: [2, 2] });
  s.graph.addInput('flag', tensorType(DataType.BOOL, []));
  s.weights('w', 2, 2);
  s.op('h', 'MatMul', ['x', 'w']);
  const then = new Sketch({}, 'then');
  then.op('then_a', 'Max', ['h', 'x']);
  then.op('then_y', 'Mul', ['then_a', then.weights('then_w', 2)]);
  then.graph.addOutput('then_y', tensorType(DataType.FLOAT, [2, 2]));
  const otherwise = new Sketch({}, 'else');
  otherwise.op('else_y', 'Add', ['h', 'w']);
  otherwise.graph.addOutput('else_y', tensorType(DataType.FLOAT, [2, 2]));
  s.op('chosen', 'If', ['flag'], { then_branch: body(then), else_branch: body(otherwise) });
  const loop = new Sketch({}, 'loop');
  loop.graph.addInput('i', tensorType(DataType.INT64, []));
  loop.graph.addInput('go', tensorType(DataType.BOOL, []));
  loop.graph.addInput('sum', tensorType(DataType.FLOAT, [2, 2]));
  loop.op('on', 'Identity', ['go']);
  loop.op('next', 'Add', ['sum', 'h']);
  loop.graph.addOutput('on', tensorType(DataType.BOOL, []));
  loop.graph.addOutput('next', tensorType(DataType.FLOAT, [2, 2]));
  s.graph.setInitializer('trips', int64Tensor([], [2]));
  s.op('y', 'Loop', ['trips', '', 'chosen'], { body: body(loop) });
  return s.encode(['y', 'h']);
}

function body({ graph }: Sketch): Attribute {
  return { kind: 'graph', value: graph };
}

/** Quantised by QuantizeLinear and DequantizeLinear. */
function quantised(): Uint8Array {
  const s = new Sketch({ x: ['n', 4] });
  s.graph.setInitializer('step', float32Tensor([], [0.05]));
  s.graph.setInitializer('zero', makeTensor(DataType.UINT8, [], Uint8Array.of(128)));
  s.graph.setInitializer('w8', makeTensor(DataType.INT8, [4, 2], Int8Array.of(1, -2, 3, -4, 5, -6, 7, -8)));
  s.graph.setInitializer('zero8', makeTensor(DataType.INT8, [], Int8Array.of(0)));
  s.op('q', 'QuantizeLinear', ['x', 'step', 'zero']);
  s.op('d', 'DequantizeLinear', ['q', 'step', 'zero']);
  s.op('w', 'DequantizeLinear', ['w8', 'step', 'zero8']);
  s.op('y', 'MatMul', ['d', 'w']);
  return s.encode(['y'], 19);
}

/** As models were before version 4: every initialiser is an input as well. */
function old(): Uint8Array {
  const s = new Sketch({ x: [2, 4], w: [4, 2], b: [2] });
  s.weights('w', 4, 2);
  s.weights('b', 2);
  s.op('p', 'MatMul', ['x', 'w']);
  s.op('s', 'Add', ['p', 'b']);
  s.op('y', 'Tanh', ['s']);
  s.graph.addOutput('y', tensorType(DataType.FLOAT, [2, 2]));
  return encodeModel(createModel(s.graph, { irVersion: 3, opsetImports: [['', 8]] }));
}

/** A norm spelled out, chains of Casts, a constant output, an input that is an output, strings. */
function odds(): Uint8Array {
  const s = new Sketch({ x: [2, 3] });
  s.graph.addInput('words', tensorType(DataType.STRING, [1]));
  s.graph.setInitializer('two', float32Tensor([], [2]));
  s.graph.setInitializer('half', float32Tensor([], [0.5]));
  s.op('q', 'Pow', ['x', 'two']);
  s.op('t', 'ReduceSum', ['q', s.longs('last', -1)]);
  s.op('r', 'Pow', ['t', 'half']);
  s.op('d', 'Div', ['x', 'r']);
  s.op('i', 'Cast', ['d'], cast(DataType.INT64));
  s.op('f', 'Cast', ['i'], cast(DataType.FLOAT));
  s.op('f2', 'Cast', ['f'], cast(DataType.DOUBLE));
  s.op('y', 'Cast', ['f2'], cast(DataType.FLOAT));
  s.op('same', 'Identity', ['words']);
  s.op('zeros', 'ConstantOfShape', [s.longs('empty', 0, 3)]);
  s.op('joined', 'Concat', ['zeros', 'd'], { axis: intAttribute(0) });
  return s.encode(['y', 'same', 'joined', 'two', 'x']);
}

/** By name, each made anew. */
export const SEEDS: Readonly<Record<string, () => Uint8Array>> = {
  perceptron,
  encoder,
  convolution,
  branches,
  quantised,
  old,
  odds,
};
