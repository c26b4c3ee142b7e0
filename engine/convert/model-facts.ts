import type { Model } from '../graph/model.ts';
import { tensorSizeBytes } from '../graph/tensor.ts';
import { allGraphs } from '../graph/topology.ts';

/** Changes of operator counts that a report lists: a graph has a few dozen operator types, and a hostile one may have as many as nodes. */
const MAX_OPERATORS = 100;
const MAX_NAME_LENGTH = 200;

/** What a report says of a model before and after a pass. */
export interface ModelFacts {
  /** Nodes of the main graph. */
  readonly nodes: number;
  /** Bytes of initialisers and of tensors in attributes, bodies included. */
  readonly bytes: number;
  /** Nodes by operator type, bodies included. */
  readonly operators: ReadonlyMap<string, number>;
}

/** Before an export there is no graph. */
const NO_MODEL: ModelFacts = { nodes: 0, bytes: 0, operators: new Map() };

/** Counts what is there; weights are not read. */
export function modelFacts(model: Model | undefined): ModelFacts {
  if (model === undefined) return NO_MODEL;
  const operators = new Map<string, number>();
  let bytes = 0;
  for (const graph of allGraphs(model.graph)) {
    for (const tensor of graph.initializers.values()) bytes += tensorSizeBytes(tensor);
    for (const { opType, attributes } of graph.nodes) {
      operators.set(opType, (operators.get(opType) ?? 0) + 1);
      for (const attribute of attributes.values()) if (attribute.kind === 'tensor') bytes += tensorSizeBytes(attribute.value);
    }
  }
  return { nodes: model.graph.nodes.size, bytes, operators };
}

/** Operator type -> how many more there are afterwards, largest changes first. */
export function operatorChanges(before: ModelFacts, after: ModelFacts): Record<string, number> {
  const types = new Set([...before.operators.keys(), ...after.operators.keys()]);
  const changes = [...types].map((type) => [type, (after.operators.get(type) ?? 0) - (before.operators.get(type) ?? 0)] as const);
  const listed = changes.filter(([type, change]) => change !== 0 && type.length <= MAX_NAME_LENGTH);
  return Object.fromEntries(listed.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, MAX_OPERATORS));
}
