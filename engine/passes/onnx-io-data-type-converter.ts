import { onnxIODataTypeConverter as manifest } from '../../domain/passes/onnx-io-data-type-converter.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { intAttribute } from '../graph/attribute.ts';
import { type DataType, dataTypeName } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import type { TensorType, ValueInfo } from '../graph/value.ts';
import type { GraphPass } from './pass.ts';

type Params = ParamsOf<'OnnxIODataTypeConverter'>;

/** Longer names never match: the time a pattern takes can grow with a power of the name's length. */
const MAX_NAME_LENGTH = 500;

/** Gives matching graph inputs and outputs of the source type the target type, with a Cast between each and the graph. */
export const onnxIODataTypeConverter: GraphPass<Params> = {
  kind: 'graph',
  manifest,
  async run(model, params) {
    const { graph } = model;
    const isWanted = matcherOf(params);
    const inputs = graph.inputs.filter((input) => isWanted(input) && !graph.initializers.has(input.name));
    const outputs = graph.outputs.filter(isWanted);
    for (const input of inputs) castBehind(graph, input, params);
    for (const output of outputs) castBefore(graph, output, params);
    const counts = { inputsConverted: inputs.length, outputsConverted: outputs.length };
    const findings = inputs.length + outputs.length > 0 ? [] : [nothingFound(params)];
    return { model, report: { type: manifest.type, counts, findings } };
  },
};

function matcherOf({ name_pattern, source_dtype }: Params): (info: ValueInfo) => boolean {
  const pattern = name_pattern === null || name_pattern === '' ? undefined : new RegExp(name_pattern);
  return ({ name, type }) =>
    type?.kind === 'tensor' && type.dataType === source_dtype && name.length <= MAX_NAME_LENGTH && (pattern?.test(name) ?? true);
}

function castBehind(graph: Graph, input: ValueInfo, { source_dtype, target_dtype }: Params): void {
  const { name, type } = input;
  const converted = graph.freshName(`${name}_converted`);
  graph.replaceUses(name, converted);
  addCast(graph, { from: name, to: converted, type: source_dtype });
  if (type?.kind !== 'tensor') return;
  graph.setType(converted, type);
  input.type = retyped(type, target_dtype);
}

function castBefore(graph: Graph, output: ValueInfo, { target_dtype }: Params): void {
  const { name, type } = output;
  if (type?.kind !== 'tensor') return;
  output.type = retyped(type, target_dtype);
  // An input that is an output too has taken the type already.
  if (graph.isInput(name)) return;
  const converted = graph.freshName(`${name}_converted`);
  const producer = graph.producer(name);
  const constant = graph.initializers.get(name);
  if (producer !== undefined) graph.setOutput(producer, producer.outputs.indexOf(name), converted);
  if (constant !== undefined) {
    graph.removeInitializer(name);
    graph.setInitializer(converted, constant);
  }
  graph.replaceUses(name, converted);
  addCast(graph, { from: converted, to: name, type: target_dtype });
  if (producer !== undefined) graph.setType(converted, type);
}

function retyped(type: TensorType, dataType: DataType): TensorType {
  return { ...type, dataType };
}

function addCast(graph: Graph, { from, to, type }: { readonly from: string; readonly to: string; readonly type: DataType }): void {
  const name = graph.freshName(`${to}_cast`);
  graph.addNode({ opType: 'Cast', name, inputs: [from], outputs: [to], attributes: { to: intAttribute(type) } });
}

function nothingFound({ name_pattern, source_dtype }: Params) {
  const pattern = name_pattern === null || name_pattern === '' ? '' : ` whose name matches "${name_pattern}"`;
  const message = `the model has no ${dataTypeName(source_dtype)} input or output${pattern}`;
  return { rule: 'name-matches-nothing', message, param: 'name_pattern' } as const;
}
