import { dataTypeName } from '../../graph/data-type.ts';
import type { Attribute } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import type { Located } from '../../graph/topology.ts';
import type { ValueTypes } from '../value-types.ts';
import { adapterOf } from './adapters.ts';
import { CHANGED_OPERATORS, type OperatorChange, UNCHANGED_OPERATORS } from './operator-history.ts';

/** From one version of the standard operator set to another. Types are asked for on the way down only. */
export interface Journey {
  readonly from: number;
  readonly to: number;
  readonly types: ValueTypes | undefined;
}

/** How a node gets there, step by step, or what is in the way. */
export type NodePlan = { readonly steps: readonly (() => void)[] } | { readonly problem: string };

const UNCHANGED = new Set(UNCHANGED_OPERATORS);

/** Plans one node and changes nothing. Nodes of other domains have nothing to do. */
export function planNode(at: Located, journey: Journey): NodePlan {
  const { opType, domain } = at.node;
  if (!isOnnxDomain(domain) || UNCHANGED.has(opType)) return { steps: [] };
  const history = Object.hasOwn(CHANGED_OPERATORS, opType) ? CHANGED_OPERATORS[opType] : undefined;
  if (history === undefined) return { problem: 'is no operator whose history is known' };
  if (history.since > journey.from) return { problem: `exists since operator set ${history.since}` };
  if (history.since > journey.to) return { problem: `exists since operator set ${history.since}` };
  const crossed = changesBetween(history.changes, journey);
  const problems = crossed.flatMap(({ version, change }) => problemOf(at, { version, change, journey }) ?? []);
  const [problem] = problems;
  return problem === undefined ? { steps: crossed.flatMap((step) => stepOf(at, step, journey) ?? []) } : { problem };
}

interface Crossed {
  readonly version: number;
  readonly change: OperatorChange;
}

/** The changes on the way, in its order. */
function changesBetween(changes: Readonly<Record<number, OperatorChange>>, { from, to }: Journey): readonly Crossed[] {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const crossed = Object.entries(changes)
    .map(([version, change]) => ({ version: Number(version), change }))
    .filter(({ version }) => version > low && version <= high)
    .sort((a, b) => a.version - b.version);
  return from <= to ? crossed : crossed.reverse();
}

function directionOf({ from, to }: Journey): 'raise' | 'lower' {
  return from <= to ? 'raise' : 'lower';
}

function problemOf(at: Located, { version, change, journey }: Crossed & { readonly journey: Journey }): string | undefined {
  const direction = directionOf(journey);
  const adapter = adapterOf(at.node.opType, version, direction);
  const special = adapter?.problem?.(at);
  if (special !== undefined || direction === 'raise') return special;
  return newerType(at, change, journey) ?? (adapter?.complete === true ? undefined : newerUse(at, change));
}

function newerType({ graph, node }: Located, { types }: OperatorChange, { types: known }: Journey): string | undefined {
  if (types.length === 0) return undefined;
  for (const value of [...node.inputs, ...node.outputs].filter((name) => name !== '')) {
    const type = known?.get(graph, value);
    if (type === undefined) return `the type of "${value}" is not known`;
    if (types.includes(type)) return `it takes ${dataTypeName(type)} only in newer versions`;
  }
  return undefined;
}

/** An attribute with a value of its own, or an input, that came with the change. */
function newerUse({ node }: Located, { attributes, inputs }: OperatorChange): string | undefined {
  const used = Object.entries(attributes).find(([name, fallback]) => !isDefault(node.attributes.get(name), fallback));
  if (used !== undefined) return `${used[0]} is newer`;
  const extra = inputs !== null && node.inputs.slice(inputs).some((input) => input !== '');
  return extra ? `input ${inputs} is newer` : undefined;
}

function isDefault(attribute: Attribute | undefined, fallback: string | number | null): boolean {
  if (attribute === undefined) return true;
  if (attribute.kind === 'int') return Number(attribute.value) === fallback;
  return attribute.kind === 'string' && new TextDecoder().decode(attribute.value) === fallback;
}

/** What changes the node over one change of its operator; undefined when nothing does. */
function stepOf(at: Located, { version, change }: Crossed, journey: Journey): (() => void) | undefined {
  const { graph, node } = at;
  const direction = directionOf(journey);
  const adapter = adapterOf(node.opType, version, direction);
  if (adapter?.apply !== undefined) return () => adapter.apply?.(at);
  if (direction === 'raise') return undefined;
  const { inputs } = change;
  const defaults = Object.keys(change.attributes).filter((name) => node.attributes.has(name));
  const isLonger = inputs !== null && node.inputs.length > inputs;
  if (defaults.length === 0 && !isLonger) return undefined;
  return () => {
    for (const name of defaults) node.attributes.delete(name);
    if (isLonger) graph.setInputs(node, node.inputs.slice(0, inputs));
  };
}
