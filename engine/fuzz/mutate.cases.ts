import {
  type AttributeProto,
  type GraphProto,
  ModelProto,
  type NodeProto,
  type TensorProto,
  type TypeProto_Tensor,
  type ValueInfoProto,
} from '../../proto/gen/onnx.ts';

/** One change of a model: which, and three numbers that say where and to what. */
export interface Mutation {
  readonly kind: MutationKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** An element of a list by any number; undefined in an empty one. */
function pick<T>(list: readonly T[], at: number): T | undefined {
  return list[at % Math.max(1, list.length)];
}

/** Where a mutation works: one graph of the model, bodies included. */
interface Site {
  readonly model: ModelProto;
  readonly graph: GraphProto;
  readonly node: NodeProto | undefined;
  readonly tensor: TensorProto | undefined;
  readonly info: ValueInfoProto | undefined;
  readonly attribute: AttributeProto | undefined;
  readonly b: number;
  readonly c: number;
}

function graphsOf(graph: GraphProto): GraphProto[] {
  const bodies = graph.node.flatMap(({ attribute }) => attribute.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs]));
  return [graph, ...bodies.flatMap(graphsOf)];
}

function valuesOf({ node, initializer, input }: GraphProto): string[] {
  return [
    ...input.map(({ name }) => name ?? ''),
    ...initializer.map(({ name }) => name ?? ''),
    ...node.flatMap(({ output }) => output),
    ...node.flatMap((each) => each.input),
  ];
}

function siteOf(model: ModelProto, { a, b, c }: Mutation): Site | undefined {
  if (!model.graph) return undefined;
  const graph = pick(graphsOf(model.graph), a) ?? model.graph;
  const node = pick(graph.node, b);
  const infos = [...graph.input, ...graph.output, ...graph.valueInfo];
  const attribute = pick(node?.attribute ?? [], c);
  return { model, graph, node, tensor: pick(graph.initializer, b), info: pick(infos, b), attribute, b, c };
}

const OPERATORS = ['Add', 'MatMul', 'Relu', 'Cast', 'Identity', 'Resize', 'Gemm', 'Split', 'ReduceMax', 'NoSuchOperator', '', 'If'];
const DOMAINS = ['com.microsoft', 'ai.onnx', 'ai.onnx.ml', 'my.domain', '\u0000'];
const OPSETS = [0n, 1n, 6n, 7n, 12n, 13n, 18n, 20n, 21n, 22n, 99n, -1n, 2n ** 40n];
const DIMS = [0n, 1n, 2n, 3n, 4n, -1n, 2n ** 31n, 2n ** 62n, 2n ** 63n - 1n];
const TYPES = [0, 1, 6, 7, 8, 9, 10, 11, 2, 3, 16, 22, 14, 99, -1];
const FLOATS = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, 3.4e38, -3.4e38, 65_504, 1e-9];

function tensorTypeOf(info: ValueInfoProto | undefined): TypeProto_Tensor | undefined {
  return info?.type?.value?.$case === 'tensorType' ? info.type.value.value : undefined;
}

function remove<T>(list: T[], at: number): void {
  if (list.length > 0) list.splice(at % list.length, 1);
}

function copyOf(node: NodeProto): NodeProto {
  return { ...node, input: [...node.input], output: [...node.output], attribute: [...node.attribute] };
}

function output(name: string): ValueInfoProto {
  return { name, type: undefined, metadataProps: [] };
}

/** Every kind of change. Each leaves the model alone where it has nothing to change. */
const KINDS = {
  dropNode: ({ graph, b }) => remove(graph.node, b),
  duplicateNode: ({ graph, node }) => node && graph.node.push(copyOf(node)),
  copyNode: ({ graph, node, c }) => node && graph.node.push({ ...copyOf(node), output: node.output.map((name) => `${name}_copy${c % 3}`) }),
  reverseNodes: ({ graph }) => graph.node.reverse(),
  renameInput: ({ node, c }) => node && node.input.length > 0 && node.input.splice(c % node.input.length, 1, 'nowhere'),
  rewire: ({ graph, node, c }) =>
    node && node.input.length > 0 && node.input.splice(c % node.input.length, 1, pick(valuesOf(graph), c) ?? ''),
  dropInput: ({ node, c }) => node && remove(node.input, c),
  omitInput: ({ node, c }) => node && node.input.length > 0 && node.input.splice(c % node.input.length, 1, ''),
  addInput: ({ graph, node, c }) => node?.input.push(pick(valuesOf(graph), c) ?? ''),
  renameOutput: ({ graph, node, c }) =>
    node && node.output.length > 0 && node.output.splice(c % node.output.length, 1, pick(valuesOf(graph), c) ?? ''),
  dropOutput: ({ node, c }) => node && remove(node.output, c),
  addOutput: ({ node, c }) => node?.output.push(`more${c % 2}`),
  changeOperator: ({ node, c }) => node && Object.assign(node, { opType: pick(OPERATORS, c) }),
  changeDomain: ({ node, c }) => node && Object.assign(node, { domain: pick(DOMAINS, c) }),
  renameNode: ({ graph, node, c }) => node && Object.assign(node, { name: c % 2 === 0 ? '' : pick(graph.node, c)?.name }),
  dropAttribute: ({ node, c }) => node && remove(node.attribute, c),
  renameAttribute: ({ attribute, c }) => attribute && Object.assign(attribute, { name: c % 2 === 0 ? '' : 'axes' }),
  changeAttributeType: ({ attribute, c }) => attribute && Object.assign(attribute, { type: c % 16 }),
  changeAttributeInt: ({ attribute, c }) => attribute && Object.assign(attribute, { i: pick(DIMS, c) }),
  changeAttributeInts: ({ attribute, c }) => attribute?.ints.push(pick(DIMS, c) ?? 0n),
  changeAttributeFloat: ({ attribute, c }) => attribute && Object.assign(attribute, { f: pick(FLOATS, c) }),
  swapBodies: ({ graph, node, c }) => node && Object.assign(pick(node.attribute, c) ?? {}, { g: { ...graph, node: [] } }),
  dropInitializer: ({ graph, b }) => remove(graph.initializer, b),
  duplicateInitializer: ({ graph, tensor }) => tensor && graph.initializer.push(tensor),
  renameInitializer: ({ graph, tensor, c }) => tensor && Object.assign(tensor, { name: pick(valuesOf(graph), c) }),
  changeInitializerType: ({ tensor, c }) => tensor && Object.assign(tensor, { dataType: pick(TYPES, c) }),
  changeInitializerDims: ({ tensor, c }) => tensor?.dims.splice(c % 3, 1, pick(DIMS, c) ?? 0n),
  flattenInitializer: ({ tensor }) => tensor && Object.assign(tensor, { dims: [tensor.dims.reduce((product, dim) => product * dim, 1n)] }),
  emptyInitializer: ({ tensor }) =>
    tensor && Object.assign(tensor, { dims: [0n], rawData: new Uint8Array(), floatData: [], int64Data: [] }),
  truncateInitializer: ({ tensor, c }) => tensor?.rawData && Object.assign(tensor, { rawData: tensor.rawData.slice(0, c % 7) }),
  spoilInitializer({ tensor, c }) {
    if (tensor?.rawData === undefined || tensor.rawData.length < 4) return;
    const bytes = tensor.rawData.slice();
    new DataView(bytes.buffer).setFloat32(4 * (c % Math.floor(bytes.length / 4)), pick(FLOATS, c) ?? 0, true);
    Object.assign(tensor, { rawData: bytes });
  },
  moveInitializerOut: ({ tensor, c }) =>
    tensor &&
    Object.assign(tensor, {
      dataLocation: 1,
      externalData: [{ key: 'location', value: ['../secret', '/etc/passwd', 'w.bin', ''][c % 4] }],
    }),
  segmentInitializer: ({ tensor }) => tensor && Object.assign(tensor, { segment: { begin: 0n, end: 4n } }),
  makeInitializerInput: ({ graph, tensor }) => tensor && graph.input.push(output(tensor.name ?? '')),
  exposeValue: ({ graph, c }) => graph.output.push(output(pick(valuesOf(graph), c) ?? '')),
  dropGraphInput: ({ graph, b }) => remove(graph.input, b),
  duplicateGraphInput: ({ graph, b }) => graph.input.push(pick(graph.input, b) ?? output('')),
  dropGraphOutput: ({ graph, b }) => remove(graph.output, b),
  renameGraphEnd: ({ graph, info, c }) => info && Object.assign(info, { name: pick(valuesOf(graph), c) }),
  recordValue: ({ graph, info, c }) => info && graph.valueInfo.push({ ...info, name: pick(valuesOf(graph), c) }),
  dropType: ({ info }) => info && Object.assign(info, { type: undefined }),
  changeType({ info, c }) {
    const type = tensorTypeOf(info);
    if (type !== undefined) type.elemType = pick(TYPES, c);
  },
  dropShape({ info }) {
    const type = tensorTypeOf(info);
    if (type !== undefined) type.shape = undefined;
  },
  changeDim({ info, c }) {
    const dim = pick(tensorTypeOf(info)?.shape?.dim ?? [], c);
    if (dim) dim.value = { $case: 'dimValue', value: pick(DIMS, c) ?? 0n };
  },
  nameDim({ info, c }) {
    const dim = pick(tensorTypeOf(info)?.shape?.dim ?? [], c);
    if (dim) dim.value = { $case: 'dimParam', value: pick(['batch', 'seq', 'n', ''], c) ?? '' };
  },
  addDim: ({ info }) => tensorTypeOf(info)?.shape?.dim.push({ value: undefined }),
  changeOpset: ({ model, b, c }) => Object.assign(pick(model.opsetImport, b) ?? {}, { version: pick(OPSETS, c) }),
  dropOpset: ({ model, b }) => remove(model.opsetImport, b),
  addOpset: ({ model, b, c }) => model.opsetImport.push({ domain: pick(DOMAINS, b), version: pick(OPSETS, c) }),
  changeIrVersion: ({ model, c }) => Object.assign(model, { irVersion: pick([0n, 4n, 8n, 13n, 99n, -1n], c) }),
  addFunction: ({ model, node, c }) =>
    model.functions.push({
      name: 'Twice',
      domain: pick(DOMAINS, c),
      input: ['a'],
      output: ['b'],
      attribute: [],
      attributeProto: [],
      node: node ? [node] : [],
      opsetImport: [],
      valueInfo: [],
      metadataProps: [],
    }),
} as const satisfies Record<string, (site: Site) => unknown>;

export type MutationKind = keyof typeof KINDS;

export const MUTATION_KINDS: readonly MutationKind[] = Object.keys(KINDS).filter(isKind);

function isKind(name: string): name is MutationKind {
  return Object.hasOwn(KINDS, name);
}

/** The model with the changes made one after another, encoded again. */
export function mutateModel(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  const model = ModelProto.decode(bytes);
  for (const mutation of mutations) {
    const site = siteOf(model, mutation);
    if (site !== undefined) KINDS[mutation.kind](site);
  }
  return ModelProto.encode(model).finish();
}
