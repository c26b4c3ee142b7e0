import { GroveError } from '../../domain/errors.ts';
import { graphSurgeries as manifest } from '../../domain/passes/graph-surgeries.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { replaceAttentionMaskValueParams } from '../../domain/passes/surgeons.ts';
import type { GraphPass, PassFinding } from './pass.ts';
import { mergeEqualInitializers } from './surgeries/merge-equal-initializers.ts';
import { replaceAttentionMaskValue } from './surgeries/replace-attention-mask-value.ts';
import type { Surgery } from './surgeries/surgery.ts';

/** Runs the listed surgeries in order on one model, then merges equal initialisers unless told not to. */
export const graphSurgeries: GraphPass<ParamsOf<'GraphSurgeries'>> = {
  kind: 'graph',
  manifest,
  async run(model, params, context) {
    const counts: Record<string, number> = {};
    const findings: PassFinding[] = [];
    for (const [index, written] of params.surgeries.entries()) {
      context.signal.throwIfAborted();
      const { changes, whyNothing } = surgeryOf(written, index)(model);
      counts[written.surgeon] = (counts[written.surgeon] ?? 0) + changes;
      if (changes > 0) continue;
      const message = `${written.surgeon} matches nothing${whyNothing === undefined ? '' : `: ${whyNothing}`}`;
      findings.push({ rule: 'surgery-matches-nothing', message, param: 'surgeries', member: `[${index}]` });
    }
    if (params.remove_duplicate_initializers) counts['initializersMerged'] = mergeEqualInitializers(model.graph);
    return { model, report: { type: manifest.type, counts, findings } };
  },
};

/** The surgery of that name with its arguments. Recipes with other surgeons are refused before a conversion starts. */
function surgeryOf(written: ParamsOf<'GraphSurgeries'>['surgeries'][number], index: number): Surgery {
  switch (written.surgeon) {
    case 'ReplaceAttentionMaskValue': {
      const params = replaceAttentionMaskValueParams.parse(written);
      return (model) => replaceAttentionMaskValue(model, params);
    }
    default:
      throw new GroveError('unsupported-pass', {
        type: manifest.type,
        path: `surgeries[${index}]`,
        detail: ` (surgeon ${written.surgeon})`,
      });
  }
}
