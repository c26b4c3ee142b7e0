import { readTensor } from '../graph/attribute.ts';
import type { Graph } from '../graph/graph.ts';
import { fixedInitializer, type Model, onnxOpset } from '../graph/model.ts';
import { isOnnxDomain } from '../graph/node.ts';
import type { Tensor } from '../graph/tensor.ts';
import { floatKindOf } from './float-kind.ts';
import type { OperatorContext } from './operators/handler.ts';
import { isSelected } from './range-sources.ts';
import type { QdqSettings } from './settings.ts';

interface ContextInputs {
  readonly settings: QdqSettings;
  hasRange(tensor: string): boolean;
}

/** What handlers see of a model that nobody changes meanwhile. */
export function operatorContext(model: Model, inputs: ContextInputs, isMarked: (tensor: string) => boolean): OperatorContext {
  const { graph } = model;
  const { settings } = inputs;
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const constant = (tensor: string): Tensor | undefined => fixedInitializer(model, tensor);
  const isConverted = (tensor: string): boolean => settings.overrides.get(tensor)?.[0]?.convert !== undefined;
  return {
    settings,
    opset: onnxOpset(model),
    isConstant: (tensor) => constant(tensor) !== undefined,
    isFloatConstant: (tensor) => isFloat(constant(tensor)),
    isMarked,
    constantValue: (tensor) => constant(tensor) ?? constantNodeValue(graph, tensor),
    channelAxis: (weight, defaultAxis, opType) =>
      channelAxis(constant(weight), { settings, weight, axis: settings.channelAxes.get(opType ?? '') ?? defaultAxis }),
    canAbsorb: (input, output) => {
      const isAlone = graph.producer(input) !== undefined && !outputs.has(input) && graph.useCount(input) === 1;
      if (!isAlone || !isReadQuantized(graph, output, settings)) return false;
      return isFloatValue(graph, output) && inputs.hasRange(output) && !isConverted(input) && !isConverted(output);
    },
  };
}

/** Whether every reader will read integers: bodies never do, and beside dedicated pairs the graph's outputs and nodes left out do not either. */
function isReadQuantized(graph: Graph, value: string, settings: QdqSettings): boolean {
  const readers = graph.consumers(value);
  const slots = readers.flatMap(({ inputs }) => inputs).filter((input) => input === value).length;
  if (graph.useCount(value) > slots) return false;
  return !settings.dedicatedQdqPair || (!graph.isOutput(value) && readers.every((reader) => isSelected(reader, settings)));
}

function isFloat(tensor: Tensor | undefined): boolean {
  return tensor !== undefined && floatKindOf(tensor.dataType) !== undefined;
}

function isFloatValue(graph: Graph, value: string): boolean {
  const type = graph.typeOf(value);
  return type?.kind === 'tensor' && floatKindOf(type.dataType) !== undefined;
}

function constantNodeValue(graph: Graph, value: string): Tensor | undefined {
  const node = graph.producer(value);
  return node?.opType === 'Constant' && isOnnxDomain(node.domain) ? readTensor(node, 'value') : undefined;
}

/** Overrides of a weight win over `perChannel`; an axis that the weight does not have makes it quantised as a whole. */
function channelAxis(
  weight: Tensor | undefined,
  { settings, weight: name, axis }: { readonly settings: QdqSettings; readonly weight: string; readonly axis: number },
): number | undefined {
  if (weight === undefined) return undefined;
  const [override] = settings.overrides.get(name) ?? [];
  if (override && override.axis === undefined) return undefined;
  if (!override && !settings.perChannel) return undefined;
  return normalizedAxis(override?.axis ?? axis, weight.dims.length);
}

/** The axis counted from the front, or undefined when a tensor of this rank has none such. */
export function normalizedAxis(axis: number, rank: number): number | undefined {
  const fromFront = axis < 0 ? axis + rank : axis;
  return fromFront >= 0 && fromFront < rank ? fromFront : undefined;
}
