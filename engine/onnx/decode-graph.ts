import { GroveError } from '../../domain/errors.ts';
import {
  AttributeProto,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  NodeDeviceConfigurationProto,
  type NodeProto,
  SparseTensorProto,
  TensorAnnotation,
  type TensorProto,
  type TensorShapeProto_Dimension,
  TypeProto,
  type TypeProto_Tensor,
  type ValueInfoProto,
} from '../../proto/gen/onnx.ts';
import { type Attribute, Graph, type NodeExtras } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Dim, TensorType, ValueInfo, ValueType } from '../graph/value.ts';
import { type DecodeContext, decodeTensor, extrasOf, safeNumber } from './decode-tensor.ts';

/** A GraphProto as a graph. Throws `invalid-onnx` for names defined twice, attributes without content and impossible tensors. */
export function decodeGraph(proto: GraphProto, context: DecodeContext): Graph {
  const graph = new Graph(proto.name ?? '');
  for (const tensor of proto.initializer) {
    const name = tensor.name ?? '';
    if (name === '' || graph.initializers.has(name)) throw bad(context.where, `initializer "${name}" is unnamed or defined twice`);
    graph.setInitializer(name, decodeTensor(tensor, context));
  }
  const inputs = new Set<string>();
  for (const input of proto.input) {
    const info = decodeValueInfo(input, context);
    if (info.name === '' || inputs.has(info.name)) throw bad(context.where, `graph input "${info.name}" is unnamed or defined twice`);
    addInput(graph, info);
    inputs.add(info.name);
  }
  for (const output of proto.output) graph.outputs.push(decodeValueInfo(output, context));
  for (const info of proto.valueInfo) graph.valueInfo.set(info.name ?? '', decodeValueInfo(info, context));
  for (const sparse of proto.sparseInitializer) {
    graph.sparseInitializers.set(sparse.values?.name ?? '', SparseTensorProto.encode(sparse).finish());
  }
  graph.quantizationAnnotations = proto.quantizationAnnotation.map((annotation) => TensorAnnotation.encode(annotation).finish());
  graph.extras = extrasOf(proto);
  for (const node of proto.node) addNode(graph, node, { ...context, inputs });
  return graph;
}

function addInput(graph: Graph, input: ValueInfo): void {
  graph.addInput(input.name, input.type);
  const added = graph.inputs.length - 1;
  graph.inputs[added] = input;
}

/** `inputs` holds the names of the graph's inputs: the graph would search its list for each. */
function addNode(graph: Graph, proto: NodeProto, context: DecodeContext & { readonly inputs: ReadonlySet<string> }): void {
  const where = `${context.where}, node "${proto.name || (proto.output[0] ?? '')}" (${proto.opType ?? ''})`;
  const attributes = new Map<string, Attribute>();
  for (const attribute of proto.attribute) {
    const name = attribute.name ?? '';
    if (attributes.has(name)) throw bad(where, `attribute "${name}" is given twice`);
    attributes.set(name, decodeAttribute(attribute, { ...context, where }));
  }
  for (const output of proto.output) if (context.inputs.has(output)) throw bad(where, `it writes the graph input "${output}"`);
  const extras = nodeExtras(proto);
  graph.addNode({
    opType: proto.opType ?? '',
    domain: proto.domain ?? '',
    name: proto.name ?? '',
    inputs: proto.input,
    outputs: proto.output,
    attributes,
    ...(extras ? { extras } : {}),
  });
}

function nodeExtras(proto: NodeProto): NodeExtras | undefined {
  const extras = extrasOf(proto);
  if (!extras && !proto.overload && proto.deviceConfigurations.length === 0) return undefined;
  return {
    ...extras,
    ...(proto.overload ? { overload: proto.overload } : {}),
    ...(proto.deviceConfigurations.length > 0
      ? { deviceConfigurations: proto.deviceConfigurations.map((item) => NodeDeviceConfigurationProto.encode(item).finish()) }
      : {}),
  };
}

function decodeAttribute(proto: AttributeProto, context: DecodeContext): Attribute {
  const extras = extrasOf(proto);
  const value = attributeValue(proto, context);
  return extras && value.kind !== 'encoded' ? { ...value, extras } : value;
}

function attributeValue(proto: AttributeProto, context: DecodeContext): Attribute {
  switch (proto.type ?? guessKind(proto)) {
    case Kind.FLOAT:
      return { kind: 'float', value: proto.f ?? 0 };
    case Kind.INT:
      return { kind: 'int', value: proto.i ?? 0n };
    case Kind.STRING:
      return { kind: 'string', value: proto.s ?? new Uint8Array(0) };
    case Kind.TENSOR:
      if (!proto.t) throw bad(context.where, `attribute "${proto.name ?? ''}" has no tensor`);
      return { kind: 'tensor', value: attributeTensor(proto.t, context) };
    case Kind.GRAPH:
      if (!proto.g) throw bad(context.where, `attribute "${proto.name ?? ''}" has no graph`);
      return { kind: 'graph', value: decodeGraph(proto.g, context) };
    case Kind.FLOATS:
      return { kind: 'floats', value: proto.floats };
    case Kind.INTS:
      return { kind: 'ints', value: proto.ints };
    case Kind.STRINGS:
      return { kind: 'strings', value: proto.strings };
    case Kind.TENSORS:
      return { kind: 'tensors', value: proto.tensors.map((tensor) => attributeTensor(tensor, context)) };
    case Kind.GRAPHS:
      return { kind: 'graphs', value: proto.graphs.map((graph) => decodeGraph(graph, context)) };
    default:
      return { kind: 'encoded', value: AttributeProto.encode(proto).finish() };
  }
}

function attributeTensor(proto: TensorProto, context: DecodeContext): Tensor {
  const tensor = decodeTensor(proto, context);
  return proto.name ? { ...tensor, attributeName: proto.name } : tensor;
}

/** Models of IR version 1 leave `type` out; the one field that is present tells it. */
function guessKind(proto: AttributeProto): number {
  if (proto.f !== undefined) return Kind.FLOAT;
  if (proto.i !== undefined) return Kind.INT;
  if (proto.s !== undefined) return Kind.STRING;
  if (proto.t !== undefined) return Kind.TENSOR;
  if (proto.g !== undefined) return Kind.GRAPH;
  if (proto.floats.length > 0) return Kind.FLOATS;
  if (proto.ints.length > 0) return Kind.INTS;
  if (proto.strings.length > 0) return Kind.STRINGS;
  return Kind.UNDEFINED;
}

function decodeValueInfo(proto: ValueInfoProto, context: DecodeContext): ValueInfo {
  const extras = extrasOf(proto);
  const name = proto.name ?? '';
  const type = proto.type ? decodeType(proto.type, `${context.where}, value "${name}"`) : undefined;
  return { name, type, ...(extras ? { extras } : {}) };
}

function decodeType(proto: TypeProto, where: string): ValueType | undefined {
  const { value } = proto;
  if (!value && !proto._unknownFields) return undefined;
  if (value?.$case !== 'tensorType' || proto._unknownFields || value.value._unknownFields) {
    return { kind: 'other', encoded: TypeProto.encode(proto).finish() };
  }
  return { ...decodeTensorType(value.value, where), ...(proto.denotation ? { denotation: proto.denotation } : {}) };
}

function decodeTensorType(proto: TypeProto_Tensor, where: string): TensorType {
  const dims = proto.shape?.dim.map((dim) => decodeDim(dim, where));
  const denotations = proto.shape?.dim.map((dim) => dim.denotation ?? '') ?? [];
  return {
    kind: 'tensor',
    dataType: proto.elemType ?? 0,
    dims,
    ...(denotations.some((text) => text !== '') ? { dimDenotations: denotations } : {}),
  };
}

function decodeDim(proto: TensorShapeProto_Dimension, where: string): Dim {
  if (proto.value?.$case === 'dimValue') return safeNumber(proto.value.value, `${where}, shape`);
  if (proto.value?.$case === 'dimParam' && proto.value.value !== '') return proto.value.value;
  return null;
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-onnx', { where, problem });
}
