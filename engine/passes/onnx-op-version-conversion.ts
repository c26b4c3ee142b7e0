import { GroveError } from '../../domain/errors.ts';
import { KNOWN_OPSETS, onnxOpVersionConversion as manifest } from '../../domain/passes/onnx-op-version-conversion.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { Node } from '../graph/graph.ts';
import { irVersionFor, type Model, onnxOpset } from '../graph/model.ts';
import { isOnnxDomain } from '../graph/node.ts';
import { allNodes } from '../graph/topology.ts';
import { type Journey, planNode } from './opset/plan-node.ts';
import type { GraphPass, PassContext, PassFinding } from './pass.ts';
import { inferValueTypes } from './value-types.ts';

/** After this many obstacles the rest are not listed. */
const MAX_OBSTACLES = 5;

/** Moves a model to another operator set when each of its operators keeps its meaning, and refuses it unchanged otherwise. */
export const onnxOpVersionConversion: GraphPass<ParamsOf<'OnnxOpVersionConversion'>> = {
  kind: 'graph',
  manifest,
  async run(model, { target_opset: to }, context) {
    const from = onnxOpset(model);
    if (from === to) return { model, report: { type: manifest.type, counts: { nodesRewritten: 0 }, findings: [nothingToDo(to)] } };
    requireKnown(model, from);
    const nodesRewritten = convert(model, await journeyOf(model, { from, to }, context));
    for (const domain of [...model.opsetImports.keys()].filter(isOnnxDomain)) model.opsetImports.set(domain, to);
    model.irVersion = Math.max(model.irVersion, irVersionFor(to));
    return { model, report: { type: manifest.type, counts: { nodesRewritten }, findings: [] } };
  },
};

function requireKnown({ functions }: Model, from: number): void {
  const { first, last } = KNOWN_OPSETS;
  if (from < first || from > last) throw failed(`the model is of operator set ${from}; what changed is known from ${first} to ${last}`);
  if (functions.length > 0) throw failed('the model defines functions of its own, whose operators would have to follow');
}

async function journeyOf(model: Model, way: Omit<Journey, 'types'>, { runtime }: PassContext): Promise<Journey> {
  return { ...way, types: way.from > way.to ? await inferValueTypes(model, runtime) : undefined };
}

/** Plans all nodes before it touches one. Returns how many changed. */
function convert({ graph }: Model, journey: Journey): number {
  const plans = [...allNodes(graph)].map((at) => ({ at, plan: planNode(at, journey) }));
  const obstacles = plans.flatMap(({ at, plan }) => ('problem' in plan ? [`${nameOf(at.node)}: ${plan.problem}`] : []));
  if (obstacles.length > 0) throw failed(listed(`no proven way to operator set ${journey.to} for`, obstacles));
  let rewritten = 0;
  for (const { plan } of plans) {
    if ('problem' in plan || plan.steps.length === 0) continue;
    for (const step of plan.steps) step();
    rewritten++;
  }
  return rewritten;
}

function nameOf({ name, opType, outputs }: Node): string {
  return `${opType} "${name || (outputs[0] ?? '')}"`;
}

function listed(intro: string, items: readonly string[]): string {
  const more = items.length > MAX_OBSTACLES ? ` and ${items.length - MAX_OBSTACLES} more` : '';
  return `${intro} ${items.slice(0, MAX_OBSTACLES).join('; ')}${more}`;
}

function nothingToDo(opset: number): PassFinding {
  return { rule: 'opset-unchanged', message: `the model is of operator set ${opset} already`, param: 'target_opset' };
}

function failed(problem: string): GroveError {
  return new GroveError('pass-failed', { type: manifest.type, problem });
}
