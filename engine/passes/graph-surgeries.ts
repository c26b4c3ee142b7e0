import { GroveError } from '../../domain/errors.ts';
import { graphSurgeries as manifest } from '../../domain/passes/graph-surgeries.ts';
import { isNativeSurgeon, NATIVE_SURGEONS } from '../../domain/passes/native-surgeons.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { Model } from '../graph/model.ts';
import { allGraphs } from '../graph/topology.ts';
import type { GraphPass, PassContext, PassFinding } from './pass.ts';
import { mergeEqualInitializers } from './surgeries/merge-equal-initializers.ts';
import { SURGERIES } from './surgeries/registry.ts';
import type { Surgery, SurgeryOutcome } from './surgeries/surgery.ts';

/** Runs the listed surgeries in order on one model, then merges equal initialisers unless told not to. */
export const graphSurgeries: GraphPass<ParamsOf<'GraphSurgeries'>> = {
  kind: 'graph',
  manifest,
  async run(model, params, context) {
    const counts: Record<string, number> = {};
    const findings: PassFinding[] = [];
    for (const [index, written] of params.surgeries.entries()) {
      context.signal.throwIfAborted();
      const outcome = await operate(model, written, context);
      counts[written.surgeon] = (counts[written.surgeon] ?? 0) + outcome.changes;
      for (const finding of findingsOf(written.surgeon, outcome)) findings.push({ ...finding, param: 'surgeries', member: `[${index}]` });
    }
    if (params.remove_duplicate_initializers) {
      counts['initializersMerged'] = [...allGraphs(model.graph)].reduce((sum, graph) => sum + mergeEqualInitializers(graph), 0);
    }
    return { model, report: { type: manifest.type, counts, findings } };
  },
};

function findingsOf(surgeon: string, { changes, whyNothing, leftOut = [] }: SurgeryOutcome): readonly PassFinding[] {
  const incomplete = leftOut.map((message): PassFinding => ({ rule: 'surgery-incomplete', message: `${surgeon}: ${message}` }));
  if (changes > 0 || incomplete.length > 0) return incomplete;
  return [{ rule: 'surgery-matches-nothing', message: `${surgeon} matches nothing${whyNothing === undefined ? '' : `: ${whyNothing}`}` }];
}

/** Runs one surgery with its arguments. Recipes with other surgeons are refused before a conversion starts. */
async function operate(
  model: Model,
  written: ParamsOf<'GraphSurgeries'>['surgeries'][number],
  context: PassContext,
): Promise<SurgeryOutcome> {
  const { surgeon } = written;
  if (!isNativeSurgeon(surgeon)) {
    throw new GroveError('unsupported-pass', { type: manifest.type, path: 'surgeries', detail: ` (surgeon ${surgeon})` });
  }
  const surgery: Surgery = SURGERIES[surgeon];
  return await surgery.operate(model, NATIVE_SURGEONS[surgeon].params.parse(written), context);
}
