import type { LeftAlone } from '../../../domain/report.ts';
import { DataType } from '../../graph/data-type.ts';
import { type Graph, type Node, subgraphsOf } from '../../graph/graph.ts';
import { type Model, onnxOpset } from '../../graph/model.ts';
import { allGraphs, allNodes, capturedBy, removeUnused } from '../../graph/topology.ts';
import type { PassContext, PassFinding, PassReport } from '../pass.ts';
import { inferValueTypes, type ValueTypes } from '../value-types.ts';
import { findBlockedNodes, findFrozenBodies, float32InputsOf } from './blocked-nodes.ts';
import { castAfterInput, castBeforeOutput, castOutputToFloat16, castToFloat32, removeUselessCasts, skipCascadedCasts } from './casts.ts';
import { type ConversionCounts, HalfConverter } from './convert-nodes.ts';
import type { HalfSettings } from './half-settings.ts';

/**
 * Converts a model from float32 to float16 in place, by the algorithm of ONNX Runtime's converter. The bodies of a node that stays float32 stay as they
 * are, and read float32 copies of what they take from outside.
 */
export async function convertToHalf(
  model: Model,
  settings: HalfSettings,
  context: Pick<PassContext, 'runtime' | 'signal' | 'progress'>,
): Promise<Required<PassReport>> {
  const { graph } = model;
  const types = await inferValueTypes(model, context.runtime);
  const opset = onnxOpset(model);
  const blocked = findBlockedNodes(model, settings);
  const frozen = findFrozenBodies(blocked);
  const boundary = castAtBoundary(model, settings.keep_io_types, types);
  const stays: StaysFloat32 = {
    frozen,
    node: (node) => blocked.has(node),
    read: (node, input) => blocked.has(node) || float32InputsOf(node, opset, settings.force_fp16_inputs).includes(input),
  };

  const limits = { minPositive: settings.min_positive_val, maxFinite: settings.max_finite_val };
  const converter = new HalfConverter(limits, settings.force_fp16_inputs);
  for (const { graph: home, node } of [...allNodes(graph)]) {
    if (!blocked.has(node) && !frozen.has(home) && !boundary.casts.has(node)) converter.convertNode(node);
  }
  const isFloat32 = (node: Node, input: number): boolean => boundary.casts.has(node) || stays.read(node, input);
  converter.convertInitializers(graph, { isFloat32, frozen }, (fraction) => {
    context.signal.throwIfAborted();
    context.progress(fraction);
  });
  halveTypes(graph, types, { kept: boundary.float32Values, frozen });
  const inserted = castAroundFloat32(graph, types, stays);

  const typeOf = (value: string, home: Graph): DataType | undefined => types.get(home, value);
  const castsSkipped = skipCascadedCasts(graph, typeOf, frozen);
  if (castsSkipped > 0) removeUnused(graph);
  const castsRemoved = removeUselessCasts(graph, typeOf, frozen);
  const counts = { ...converter.counts, castsInserted: boundary.casts.size + inserted, castsSkipped, castsRemoved };
  const findings = [...limitFindings(converter.counts, settings), ...nameFindings(graph, settings, boundary)];
  return { type: settings.type, counts, findings, left: leftFloat32(blocked) };
}

/** Which nodes compute in float32, and which reads are float32. */
interface StaysFloat32 {
  readonly node: (node: Node) => boolean;
  readonly read: (node: Node, input: number) => boolean;
  /** Bodies of such nodes. */
  readonly frozen: ReadonlySet<Graph>;
}

interface Boundary {
  readonly casts: ReadonlySet<Node>;
  /** Graph inputs and outputs that keep their type. */
  readonly float32Values: ReadonlySet<string>;
}

/** Casts behind kept inputs and before kept outputs. The values between are float32 in `types` until the graph is converted. */
function castAtBoundary({ graph, irVersion }: Model, keep: HalfSettings['keep_io_types'], types: ValueTypes): Boundary {
  // Before version 4 every initializer had to be listed as an input as well; since then one that is, is a default that callers may replace.
  const isInput = (name: string): boolean => irVersion >= 4 || !graph.initializers.has(name);
  const isKept = (name: string): boolean => (Array.isArray(keep) ? keep.includes(name) : keep) && types.get(graph, name) === DataType.FLOAT;
  const casts = new Set<Node>();
  const float32Values = new Set<string>();
  const add = (value: string, cast: Node | undefined): void => {
    if (cast === undefined) return;
    float32Values.add(value);
    casts.add(cast);
    for (const end of [...cast.inputs, ...cast.outputs]) types.set(graph, end, DataType.FLOAT);
  };
  for (const [index, { name }] of graph.inputs.entries()) {
    if (isKept(name) && isInput(name)) add(name, castAfterInput(graph, name, index));
  }
  for (const [index, { name }] of graph.outputs.entries()) if (isKept(name)) add(name, castBeforeOutput(graph, name, index));
  return { casts, float32Values };
}

/**
 * Declares every float32 value float16, here and in `types`, but the kept ends of the boundary, initialisers that kept their precision, and what frozen
 * bodies define. Outputs of nodes that stay float32 are declared so too: a Cast will take over their names.
 */
function halveTypes(
  main: Graph,
  types: ValueTypes,
  { kept, frozen }: { readonly kept: ReadonlySet<string>; readonly frozen: ReadonlySet<Graph> },
): void {
  for (const graph of allGraphs(main)) {
    if (frozen.has(graph)) continue;
    const isKept = (name: string): boolean =>
      graph.initializers.get(name)?.dataType === DataType.FLOAT || (graph === main && kept.has(name));
    for (const [name, type] of types.of(graph)) if (type === DataType.FLOAT && !isKept(name)) types.set(graph, name, DataType.FLOAT16);
    for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) {
      const dataType = types.get(graph, info.name);
      if (info.type?.kind === 'tensor' && dataType !== undefined) info.type = { ...info.type, dataType };
    }
  }
}

/** Puts Casts on the float16 edges of what stays float32, one for each value of a graph. Returns how many. */
function castAroundFloat32(main: Graph, types: ValueTypes, stays: StaysFloat32): number {
  let inserted = 0;
  for (const graph of [...allGraphs(main)]) {
    if (stays.frozen.has(graph)) continue;
    const copies = new Map<string, string>();
    const float32Of = (value: string): string => {
      const copy = copies.get(value) ?? castToFloat32(graph, value);
      copies.set(value, copy);
      types.set(graph, copy, DataType.FLOAT);
      return copy;
    };
    const isHalf = (value: string): boolean => types.get(graph, value) === DataType.FLOAT16;
    for (const node of [...graph.nodes]) {
      node.inputs.forEach((value, index) => {
        if (isHalf(value) && stays.read(node, index)) graph.setInput(node, index, float32Of(value));
      });
      if (!stays.node(node)) continue;
      for (const value of capturesOf(node)) if (isHalf(value)) graph.replaceUsesBy(node, value, float32Of(value));
      for (const [index, value] of node.outputs.entries()) {
        if (!isHalf(value)) continue;
        types.set(graph, castOutputToFloat16(graph, node, index), DataType.FLOAT);
        inserted++;
      }
    }
    inserted += copies.size;
  }
  return inserted;
}

/** What the bodies of a node read from outside. */
function capturesOf(node: Node): ReadonlySet<string> {
  return new Set(subgraphsOf(node).flatMap(capturedBy));
}

/** Blocked nodes by operator type and reason. */
function leftFloat32(blocked: ReadonlyMap<Node, string>): readonly LeftAlone[] {
  const groups = new Map<string, LeftAlone>();
  for (const [{ opType }, why] of blocked) {
    const key = `${opType} ${why}`;
    groups.set(key, { what: `${opType} stays float32`, count: (groups.get(key)?.count ?? 0) + 1, why });
  }
  return [...groups.values()];
}

function limitFindings(counts: ConversionCounts, { max_finite_val, min_positive_val }: HalfSettings): readonly PassFinding[] {
  const findings: PassFinding[] = [];
  if (counts.valuesLimited > 0) {
    findings.push({
      rule: 'values-limited',
      message: `${counts.valuesLimited} finite constants beyond ±${max_finite_val} became ±${max_finite_val}`,
    });
  }
  if (counts.valuesRaised > 0) {
    findings.push({
      rule: 'values-raised',
      message: `${counts.valuesRaised} non-zero constants within ±${min_positive_val} became ±${min_positive_val}`,
    });
  }
  return findings;
}

/** Names of the recipe that nothing in the model has. */
function nameFindings(main: Graph, settings: HalfSettings, { float32Values }: Boundary): readonly PassFinding[] {
  const nodes = new Set([...allNodes(main)].map(({ node }) => node.name));
  const lists = {
    keep_io_types: {
      names: Array.isArray(settings.keep_io_types) ? settings.keep_io_types : [],
      known: float32Values,
      what: 'float32 input or output',
    },
    node_block_list: { names: settings.node_block_list ?? [], known: nodes, what: 'node' },
    node_include_list: { names: settings.node_include_list ?? [], known: nodes, what: 'node' },
  };
  return Object.entries(lists).flatMap(([param, { names, known, what }]) =>
    names.flatMap((name, index): readonly PassFinding[] =>
      known.has(name) ? [] : [{ rule: 'name-matches-nothing', message: `the model has no ${what} "${name}"`, param, member: `[${index}]` }],
    ),
  );
}
