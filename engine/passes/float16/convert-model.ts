import type { LeftAlone } from '../../../domain/report.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { type Model, onnxOpset } from '../../graph/model.ts';
import { allGraphs, allNodes, removeUnused } from '../../graph/topology.ts';
import type { InferenceRuntime } from '../../runtime/inference-runtime.ts';
import { inferTypes } from '../../runtime/type-oracle.ts';
import type { PassContext, PassFinding, PassReport } from '../pass.ts';
import { findBlockedNodes, float32InputsOf } from './blocked-nodes.ts';
import {
  castAfterInput,
  castBeforeOutput,
  castInputToFloat32,
  castOutputToFloat16,
  removeUselessCasts,
  skipCascadedCasts,
} from './casts.ts';
import { type ConversionCounts, HalfConverter } from './convert-nodes.ts';
import type { HalfSettings } from './half-settings.ts';

/**
 * Converts a model from float32 to float16 in place, by the algorithm of ONNX Runtime's converter. Throws `pass-failed` for a node with a body that is to
 * stay float32.
 */
export async function convertToHalf(
  model: Model,
  settings: HalfSettings,
  context: Pick<PassContext, 'runtime' | 'signal' | 'progress'>,
): Promise<Required<PassReport>> {
  const { graph } = model;
  const types = await elementTypes(model, context.runtime);
  const blocked = findBlockedNodes(graph, settings);
  const boundary = castAtBoundary(model, settings.keep_io_types, types);
  const opset = onnxOpset(model);
  const stays: StaysFloat32 = {
    node: (node) => blocked.has(node),
    read: (node, input) => blocked.has(node) || float32InputsOf(node, opset, settings.force_fp16_inputs).includes(input),
  };

  const limits = { minPositive: settings.min_positive_val, maxFinite: settings.max_finite_val };
  const converter = new HalfConverter(limits, settings.force_fp16_inputs);
  for (const { node } of [...allNodes(graph)]) if (!blocked.has(node) && !boundary.casts.has(node)) converter.convertNode(node);
  const isFloat32Read = (node: Node, input: number): boolean => boundary.casts.has(node) || stays.read(node, input);
  converter.convertInitializers(graph, isFloat32Read, (fraction) => {
    context.signal.throwIfAborted();
    context.progress(fraction);
  });
  halveTypes(graph, types, boundary.float32Values);
  const inserted = castAroundFloat32(graph, types, stays);

  const castsSkipped = skipCascadedCasts(graph);
  if (castsSkipped > 0) removeUnused(graph);
  const castsRemoved = removeUselessCasts(graph, (value) => types.get(value));
  const counts = { ...converter.counts, castsInserted: boundary.casts.size + inserted, castsSkipped, castsRemoved };
  return { type: settings.type, counts, findings: findingsOf(converter.counts, settings), left: leftFloat32(blocked) };
}

/** Which nodes compute in float32, and which reads are float32. */
interface StaysFloat32 {
  readonly node: (node: Node) => boolean;
  readonly read: (node: Node, input: number) => boolean;
}

/** Element types of all values whose type is known. The oracle speaks of the main graph; bodies declare their own values. */
async function elementTypes(model: Model, runtime: InferenceRuntime): Promise<Map<string, DataType>> {
  const types = new Map([...(await inferTypes(model, runtime, { tellScalars: false }))].map(([name, { dataType }]) => [name, dataType]));
  for (const graph of allGraphs(model.graph)) {
    for (const { name, type } of [...graph.valueInfo.values(), ...graph.outputs, ...graph.inputs]) {
      if (type?.kind === 'tensor' && !types.has(name)) types.set(name, type.dataType);
    }
    for (const [name, tensor] of graph.initializers) types.set(name, tensor.dataType);
  }
  return types;
}

interface Boundary {
  readonly casts: ReadonlySet<Node>;
  /** Graph inputs and outputs that keep their type. */
  readonly float32Values: ReadonlySet<string>;
}

/** Casts behind kept inputs and before kept outputs. The values between are float32 in `types` until the graph is converted. */
function castAtBoundary({ graph, irVersion }: Model, keep: HalfSettings['keep_io_types'], types: Map<string, DataType>): Boundary {
  // Before version 4 every initializer had to be listed as an input as well; since then one that is, is a default that callers may replace.
  const isInput = (name: string): boolean => irVersion >= 4 || !graph.initializers.has(name);
  const isKept = (name: string): boolean => (Array.isArray(keep) ? keep.includes(name) : keep) && types.get(name) === DataType.FLOAT;
  const casts = new Set<Node>();
  const float32Values = new Set<string>();
  const add = (value: string, cast: Node | undefined): void => {
    if (cast === undefined) return;
    casts.add(cast);
    float32Values.add(value);
    for (const end of [...cast.inputs, ...cast.outputs]) types.set(end, DataType.FLOAT);
  };
  for (const [index, { name }] of graph.inputs.entries()) {
    if (isKept(name) && isInput(name)) add(name, castAfterInput(graph, name, index));
  }
  for (const [index, { name }] of graph.outputs.entries()) if (isKept(name)) add(name, castBeforeOutput(graph, name, index));
  return { casts, float32Values };
}

/**
 * Declares every float32 value float16, here and in `types`, but the kept ends of the boundary and initialisers that kept their precision. Outputs
 * of nodes that stay float32 are declared so too: a Cast will take over their names.
 */
function halveTypes(main: Graph, types: Map<string, DataType>, float32Values: ReadonlySet<string>): void {
  const initializers = new Map([...allGraphs(main)].flatMap((graph) => [...graph.initializers]));
  for (const [name, type] of types) {
    const isKept = float32Values.has(name) || initializers.get(name)?.dataType === DataType.FLOAT;
    if (type === DataType.FLOAT && !isKept) types.set(name, DataType.FLOAT16);
  }
  for (const graph of allGraphs(main)) {
    for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo.values()]) {
      const dataType = types.get(info.name);
      if (info.type?.kind === 'tensor' && dataType !== undefined) info.type = { ...info.type, dataType };
    }
  }
}

/** Puts Casts on the float16 edges of what stays float32. Returns how many. */
function castAroundFloat32(main: Graph, types: Map<string, DataType>, stays: StaysFloat32): number {
  let inserted = 0;
  const added = (float32Value: string): void => {
    types.set(float32Value, DataType.FLOAT);
    inserted++;
  };
  const isHalf = (value: string): boolean => types.get(value) === DataType.FLOAT16;
  for (const { graph, node } of [...allNodes(main)]) {
    for (const [index, value] of [...node.inputs].entries()) {
      if (isHalf(value) && stays.read(node, index)) added(castInputToFloat32(graph, node, index));
    }
    for (const [index, value] of [...node.outputs].entries()) {
      if (isHalf(value) && stays.node(node)) added(castOutputToFloat16(graph, node, index));
    }
  }
  return inserted;
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

function findingsOf(counts: ConversionCounts, { max_finite_val, min_positive_val }: HalfSettings): readonly PassFinding[] {
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
