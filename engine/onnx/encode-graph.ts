import {
  AttributeProto,
  GraphProto,
  AttributeProto_AttributeType as Kind,
  NodeDeviceConfigurationProto,
  type NodeProto,
  SparseTensorProto,
  TensorAnnotation,
  type TensorShapeProto_Dimension,
  TypeProto,
  type TypeProto_Tensor,
  type ValueInfoProto,
} from '../../proto/gen/onnx.ts';
import type { Attribute, Graph, Node } from '../graph/graph.ts';
import type { Dim, TensorType, ValueInfo, ValueType } from '../graph/value.ts';
import { type Chunks, delimited, type ExternalPlace, encodeExtras, tensorChunks, tensorProto } from './encode-tensor.ts';

const INITIALIZER_FIELD = 5;

/** The main graph as chunks in field order, initializers uncopied. `places` names the initializers that went to the data file. */
export function graphChunks(graph: Graph, places: ReadonlyMap<string, ExternalPlace>): Chunks {
  const { node, name, ...rest } = graphProto(graph, false);
  const chunks: Chunks = [GraphProto.encode({ ...emptyGraph(), node, ...(name === undefined ? {} : { name }) }).finish()];
  for (const [tensorName, tensor] of graph.initializers) {
    chunks.push(...delimited(INITIALIZER_FIELD, tensorChunks(tensorName, tensor, places.get(tensorName))));
  }
  chunks.push(GraphProto.encode({ ...rest, node: [] }).finish());
  return chunks;
}

/** A graph as one message; initializers are left out when the caller writes them itself. */
function graphProto(graph: Graph, withInitializers: boolean): GraphProto {
  return {
    ...emptyGraph(),
    node: [...graph.nodes].map(encodeNode),
    name: graph.name,
    initializer: withInitializers ? [...graph.initializers].map(([name, tensor]) => tensorProto(tensor, name)) : [],
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
    valueInfo: [...graph.valueInfo.values()].map(encodeValueInfo),
    quantizationAnnotation: graph.quantizationAnnotations.map((encoded) => TensorAnnotation.decode(encoded)),
    sparseInitializer: [...graph.sparseInitializers.values()].map((encoded) => SparseTensorProto.decode(encoded)),
    ...encodeExtras(graph.extras),
  };
}

function emptyGraph(): GraphProto {
  return {
    node: [],
    initializer: [],
    input: [],
    output: [],
    valueInfo: [],
    quantizationAnnotation: [],
    sparseInitializer: [],
    metadataProps: [],
  };
}

function encodeNode(node: Node): NodeProto {
  return {
    input: [...node.inputs],
    output: [...node.outputs],
    ...(node.name === '' ? {} : { name: node.name }),
    opType: node.opType,
    attribute: [...node.attributes].map(([name, attribute]) => encodeAttribute(name, attribute)),
    ...(node.domain === '' ? {} : { domain: node.domain }),
    ...(node.extras?.overload ? { overload: node.extras.overload } : {}),
    deviceConfigurations: (node.extras?.deviceConfigurations ?? []).map((encoded) => NodeDeviceConfigurationProto.decode(encoded)),
    ...encodeExtras(node.extras),
  };
}

function encodeAttribute(name: string, attribute: Attribute): AttributeProto {
  const { metadataProps: _, ...extras } = encodeExtras(attribute.extras);
  return { ...emptyAttribute(), ...attributeValue(attribute), name, ...extras };
}

function attributeValue(attribute: Attribute): Partial<AttributeProto> {
  switch (attribute.kind) {
    case 'float':
      return { type: Kind.FLOAT, f: attribute.value };
    case 'int':
      return { type: Kind.INT, i: attribute.value };
    case 'string':
      return { type: Kind.STRING, s: attribute.value };
    case 'tensor':
      return { type: Kind.TENSOR, t: tensorProto(attribute.value) };
    case 'graph':
      return { type: Kind.GRAPH, g: graphProto(attribute.value, true) };
    case 'floats':
      return { type: Kind.FLOATS, floats: [...attribute.value] };
    case 'ints':
      return { type: Kind.INTS, ints: [...attribute.value] };
    case 'strings':
      return { type: Kind.STRINGS, strings: [...attribute.value] };
    case 'tensors':
      return { type: Kind.TENSORS, tensors: attribute.value.map((tensor) => tensorProto(tensor)) };
    case 'graphs':
      return { type: Kind.GRAPHS, graphs: attribute.value.map((graph) => graphProto(graph, true)) };
    case 'encoded':
      return AttributeProto.decode(attribute.value);
  }
}

function emptyAttribute(): AttributeProto {
  return { floats: [], ints: [], strings: [], tensors: [], graphs: [], typeProtos: [], sparseTensors: [] };
}

function encodeValueInfo(info: ValueInfo): ValueInfoProto {
  return { name: info.name, ...(info.type ? { type: encodeType(info.type) } : {}), ...encodeExtras(info.extras) };
}

function encodeType(type: ValueType): TypeProto {
  if (type.kind === 'other') return TypeProto.decode(type.encoded);
  return {
    value: { $case: 'tensorType', value: encodeTensorType(type) },
    ...(type.denotation ? { denotation: type.denotation } : {}),
  };
}

function encodeTensorType(type: TensorType): TypeProto_Tensor {
  if (!type.dims) return { elemType: type.dataType };
  return {
    elemType: type.dataType,
    shape: {
      dim: type.dims.map((dim, index) => {
        const denotation = type.dimDenotations?.[index];
        return { ...encodeDim(dim), ...(denotation ? { denotation } : {}) };
      }),
    },
  };
}

function encodeDim(dim: Dim): Pick<TensorShapeProto_Dimension, 'value'> {
  if (dim === null) return { value: undefined };
  return { value: typeof dim === 'number' ? { $case: 'dimValue', value: BigInt(dim) } : { $case: 'dimParam', value: dim } };
}
