import { intAttribute, intsAttribute, tensorAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import type { Attribute } from '../graph/graph.ts';
import { int64Tensor, type Tensor } from '../graph/tensor.ts';
import type { Dim } from '../graph/value.ts';

/** A value of a traced program: the name of an input or parameter, the result of an operation, or an integer literal (`integer`). */
export type TraceValue = string;

/** One operation of a traced program, in ONNX terms. */
export interface TraceNode {
  readonly opType: string;
  readonly inputs: readonly TraceValue[];
  readonly outputs: readonly TraceValue[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Path of the module it ran in, `/encoder/layer.0`; undefined for nodes that the exporter adds outside every module. */
  readonly scope: string | undefined;
  /** Integer literals among the arguments of the traced call, in order, whether or not ONNX keeps them as inputs. */
  readonly literals: readonly number[];
}

export interface TraceInput {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly Dim[];
}

export interface TraceOutput {
  readonly value: TraceValue;
  /** Undefined: the value's number in the trace is its name. */
  readonly name: string | undefined;
  readonly dataType: DataType;
  readonly dims: readonly Dim[];
}

/** A model as PyTorch's tracer records it, before the exporter folds constants and names values: `lowerTrace` does that. */
export class Trace {
  readonly inputs: TraceInput[] = [];
  readonly outputs: TraceOutput[] = [];
  readonly nodes: TraceNode[] = [];
  /** Shapes of the parameters by name, in the order of the module tree. Those that no operation reads are left out of the graph. */
  readonly parameters = new Map<string, readonly number[]>();
  /** Sizes that were baked in as constants. */
  readonly staticSizes = new Map<TraceValue, number>();
  readonly #staticDims = new Map<TraceValue, readonly number[]>();
  #valueCount = 0;

  addInput(input: TraceInput): void {
    this.inputs.push(input);
    this.setStaticDims(input.name, input.dims);
  }

  addNode(node: Omit<TraceNode, 'outputs'>, outputCount: number): readonly TraceValue[] {
    const outputs = Array.from({ length: outputCount }, () => `%${this.#valueCount++}`);
    this.nodes.push({ ...node, outputs });
    return outputs;
  }

  /** Notes the shape of a value when every dimension is a number: the tracer then bakes its sizes in. */
  setStaticDims(value: TraceValue, dims: readonly Dim[]): void {
    if (dims.every((dim) => typeof dim === 'number')) this.#staticDims.set(value, dims);
  }

  staticDims(value: TraceValue): readonly number[] | undefined {
    return this.#staticDims.get(value);
  }
}

/** An integer argument of the traced program. All uses of one number share a Constant, which stands where the number first occurs. */
export function integer(value: number): TraceValue {
  return `#${value}`;
}

/** The number of an integer literal, or undefined for any other value. */
export function literalOf(value: TraceValue): number | undefined {
  return value.startsWith('#') ? Number(value.slice(1)) : undefined;
}

interface OpOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly literals?: readonly number[];
}

/** Records operations of one module. */
export class TraceScope {
  readonly trace: Trace;
  readonly #path: string | undefined;

  constructor(trace: Trace, path: string | undefined) {
    this.trace = trace;
    this.#path = path;
  }

  /** The scope of a submodule; an element of a list keeps its number: `layer.0`. */
  in(name: string): TraceScope {
    return new TraceScope(this.trace, `${this.#path ?? ''}/${name}`);
  }

  /** Records an operation with one result and returns the result. */
  op(opType: string, inputs: readonly TraceValue[], options: OpOptions = {}): TraceValue {
    const [output = ''] = this.ops(opType, inputs, { ...options, outputCount: 1 });
    return output;
  }

  /** Records an operation with several results. */
  ops(opType: string, inputs: readonly TraceValue[], options: OpOptions & { readonly outputCount: number }): readonly TraceValue[] {
    const { attributes = {}, literals = inputs.flatMap((input) => literalOf(input) ?? []), outputCount } = options;
    return this.trace.addNode({ opType, inputs, attributes, literals, scope: this.#path }, outputCount);
  }

  /** A Constant of its own. */
  constant(tensor: Tensor, literals: readonly number[] = []): TraceValue {
    return this.op('Constant', [], { attributes: { value: tensorAttribute(tensor) }, literals });
  }

  /** A Constant of its own with a one-element int64 vector. */
  vector(value: number): TraceValue {
    return this.constant(int64Tensor([1], [value]));
  }

  /** A scalar as a vector. */
  asVector(scalar: TraceValue): TraceValue {
    return this.op('Unsqueeze', [scalar, this.vector(0)]);
  }

  /** One dimension of a value as an int64 scalar: read at run time, or a constant when the value's shape is fixed. */
  sizeOf(value: TraceValue, axis: number): TraceValue {
    const size = this.trace.staticDims(value)?.[axis];
    if (size !== undefined) return this.#staticSize(size, axis);
    const shape = this.op('Shape', [value], { literals: [axis] });
    return this.op('Gather', [shape, this.constant(int64Tensor([], [axis]))], { attributes: { axis: intAttribute(0) } });
  }

  #staticSize(size: number, axis: number): TraceValue {
    const value = this.constant(int64Tensor([], [size]), [axis]);
    this.trace.staticSizes.set(value, size);
    return value;
  }

  /** `view` and `reshape` of PyTorch with a list of sizes. */
  reshape(value: TraceValue, shape: TraceValue): TraceValue {
    return this.op('Reshape', [value, shape], { attributes: { allowzero: intAttribute(0) } });
  }

  /** A list of scalars as one vector, as an argument of `view`: the exporter makes it of nodes that partly belong to no module. */
  sizes(parts: readonly TraceValue[]): TraceValue {
    const outside = new TraceScope(this.trace, undefined);
    const literals = parts.flatMap((part) => literalOf(part) ?? []);
    const vectors = parts.map((part, index) => {
      const axis = outside.constant(int64Tensor([1], [0]), index === 0 ? literals : []);
      return this.op('Unsqueeze', [part, axis]);
    });
    return this.op('Concat', vectors, { attributes: { axis: intAttribute(0) } });
  }

  /** `expand` of PyTorch. It lets -1 keep a dimension; the exporter writes that out although no -1 occurs here. */
  expand(value: TraceValue, parts: readonly TraceValue[]): TraceValue {
    const vectors = parts.map((part) => this.asVector(part));
    const joined = this.op('Concat', vectors, { attributes: { axis: intAttribute(0) } });
    const shape = this.reshape(joined, this.vector(-1));
    const one = { value: tensorAttribute(int64Tensor([1], [1])) };
    const ones = this.op('ConstantOfShape', [this.op('Shape', [shape])], { attributes: one });
    const keep = this.op('Equal', [shape, this.op('Mul', [ones, this.constant(int64Tensor([], [-1]))])]);
    return this.op('Expand', [value, this.op('Where', [keep, ones, shape])]);
  }

  /** Columns 0 to `end` of a constant [1, length] table of integers. */
  firstColumns(table: readonly number[], end: TraceValue): TraceValue {
    const literals = [1, 0];
    const columns = this.trace.staticSizes.get(end);
    if (columns !== undefined) return this.constant(int64Tensor([1, columns], table.slice(0, columns)), literals);
    const rows = new TraceScope(this.trace, undefined).constant(int64Tensor([1, table.length], table));
    const axis = this.op('Unsqueeze', [integer(1), this.constant(int64Tensor([1], [0]), literals)]);
    const start = this.asVector(integer(0));
    const stop = this.asVector(end);
    return this.op('Slice', [rows, start, stop, axis, this.asVector(integer(1))]);
  }

  /** A token id or mask compared with a number: inputs of another integer type are widened first. */
  equal(value: TraceValue, number: number): TraceValue {
    const input = this.trace.inputs.find(({ name }) => name === value);
    const isWide = input === undefined || input.dataType === DataType.INT64;
    const wide = isWide ? value : this.op('Cast', [value], { attributes: { to: intAttribute(DataType.INT64) } });
    return this.op('Equal', [wide, this.constant(int64Tensor([], [number]))]);
  }

  transpose(value: TraceValue, perm: readonly number[]): TraceValue {
    return this.op('Transpose', [value], { attributes: { perm: intsAttribute(perm) } });
  }
}
