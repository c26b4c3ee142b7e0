import { intAttribute, intsAttribute, readInt, stringAttribute } from '../../graph/attribute.ts';
import { constantOf } from '../../graph/constants.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { int64Tensor, toNumbers } from '../../graph/tensor.ts';
import type { Located } from '../../graph/topology.ts';

/** What one direction over a change of an operator takes, where its attributes and inputs do not tell it all. */
export interface Adapter {
  /** Why this node cannot go there; undefined when it can. Changes nothing. */
  problem?(at: Located): string | undefined;
  /** Makes the node mean there what it meant before. */
  apply?(at: Located): void;
  /** Whether `problem` and `apply` see to new attributes and inputs, so that the general rules leave them alone. */
  readonly complete?: boolean;
}

interface Adapters {
  readonly raise?: Adapter;
  readonly lower?: Adapter;
}

const never = (why: string): Adapter => ({ problem: () => why });
const NEW_DEFINITION: Adapters = { raise: never('its definition changed'), lower: never('its definition changed') };

/** Text of a string attribute. */
function readText(node: Node, name: string): string | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'string' ? new TextDecoder().decode(attribute.value) : undefined;
}

/** For values of a string attribute that an earlier version did not have. */
const withoutValues = (name: string, values: readonly string[]): Adapter => ({
  problem({ node }) {
    const value = readText(node, name);
    return value !== undefined && values.includes(value) ? `${name} ${value} is newer` : undefined;
  },
});

/** Axes of a reduction: an attribute before operator set 18, an input since. */
const reduction: Adapters = {
  raise: {
    apply({ graph, node }) {
      const axes = node.attributes.get('axes');
      node.attributes.delete('axes');
      // Without axes, and with none in the list, a reduction runs over all of them in both forms.
      if (axes?.kind !== 'ints' || axes.value.length === 0) return;
      const name = graph.freshName(`${node.name || node.outputs[0]}_axes`);
      graph.setInitializer(name, int64Tensor([axes.value.length], axes.value.map(Number)));
      graph.setInput(node, 1, name);
    },
  },
  lower: {
    complete: true,
    problem({ graph, node }) {
      const axes = axesOf(graph, node);
      if (axes === undefined) return 'its axes are no constant';
      return axes.length === 0 && readInt(node, 'noop_with_empty_axes', 0) !== 0 ? 'noop_with_empty_axes is newer' : undefined;
    },
    apply({ graph, node }) {
      const axes = axesOf(graph, node) ?? [];
      const [, given = ''] = node.inputs;
      node.attributes.delete('noop_with_empty_axes');
      if (axes.length > 0) node.attributes.set('axes', intsAttribute(axes));
      graph.setInputs(node, node.inputs.slice(0, 1));
      const isUnread = graph.consumers(given).length === 0 && !graph.isInput(given) && !graph.isOutput(given);
      if (isUnread) graph.removeInitializer(given);
    },
  },
};

/** Empty where the reduction names none; undefined where they are computed. */
function axesOf(graph: Graph, node: Node): readonly number[] | undefined {
  const [, given = ''] = node.inputs;
  if (given === '') return [];
  const tensor = constantOf(graph, given);
  return tensor?.dataType === DataType.INT64 ? toNumbers(tensor) : undefined;
}

const split: Adapters = {
  raise: {
    apply({ node }) {
      if ((node.inputs[1] ?? '') === '') node.attributes.set('num_outputs', intAttribute(node.outputs.length));
    },
  },
};

/** The mode it always had became one of two, and not the default. */
const roiAlign: Adapters = {
  raise: {
    apply({ node }) {
      node.attributes.set('coordinate_transformation_mode', stringAttribute('output_half_pixel'));
    },
  },
  lower: {
    complete: true,
    problem({ node }) {
      return readText(node, 'coordinate_transformation_mode') === 'output_half_pixel' ? undefined : 'half_pixel is newer';
    },
    apply({ node }) {
      node.attributes.delete('coordinate_transformation_mode');
    },
  },
};

const GRID_MODES: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

const gridSample: Adapters = {
  raise: {
    apply({ node }) {
      const renamed = GRID_MODES[readText(node, 'mode') ?? ''];
      if (renamed !== undefined) node.attributes.set('mode', stringAttribute(renamed));
    },
  },
  lower: never('it may sample more dimensions'),
};

const inferenceOnly: Adapter = {
  problem({ node }) {
    return node.outputs.filter((output) => output !== '').length > 1 ? 'it is in training mode' : undefined;
  },
};

const exactCeiling: Adapter = {
  problem({ node }) {
    return readInt(node, 'ceil_mode', 0) === 0 ? undefined : 'ceil_mode has another meaning';
  },
};

const REDUCTIONS = [
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSumSquare',
];

/** By operator and the operator set that changed it. A change that is not listed is covered by the general rules for types, attributes and inputs. */
const ADAPTERS: ReadonlyMap<string, Adapters> = new Map<string, Adapters>([
  ...REDUCTIONS.map((opType): [string, Adapters] => [`${opType}@18`, reduction]),
  ['AveragePool@19', { raise: exactCeiling, lower: exactCeiling }],
  ['BatchNormalization@14', { raise: inferenceOnly, lower: inferenceOnly }],
  ['DFT@20', NEW_DEFINITION],
  ['GridSample@20', gridSample],
  ['GroupNormalization@21', NEW_DEFINITION],
  ['Pad@19', { lower: withoutValues('mode', ['wrap']) }],
  ['Resize@19', { lower: withoutValues('coordinate_transformation_mode', ['half_pixel_symmetric']) }],
  ['RoiAlign@16', roiAlign],
  ['ScatterElements@18', { lower: withoutValues('reduction', ['max', 'min']) }],
  ['ScatterND@18', { lower: withoutValues('reduction', ['max', 'min']) }],
  ['Split@18', split],
]);

/** The adapter of an operator over one of its changes. */
export function adapterOf(opType: string, version: number, direction: 'raise' | 'lower'): Adapter | undefined {
  return ADAPTERS.get(`${opType}@${version}`)?.[direction];
}
