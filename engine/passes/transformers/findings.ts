import { OPTIONS_OF_OTHER_MODELS } from '../../../domain/passes/transformer-model-types.ts';
import type { LeftAlone } from '../../../domain/report.ts';
import type { Model } from '../../graph/model.ts';
import { allNodes } from '../../graph/topology.ts';
import type { PassFinding } from '../pass.ts';
import type { FusionCounts } from './fuse.ts';
import type { FusionOptions } from './options.ts';

const PARAM = 'optimization_options';

/** A fusion with what remains of its operators where it did not fit. */
interface Leftover {
  readonly option: string;
  readonly isOn: (options: FusionOptions) => boolean;
  /** Counts of what it makes. */
  readonly makes: readonly string[];
  readonly leaves: string;
  readonly why: string;
}

const LEFTOVERS: readonly Leftover[] = [
  {
    option: 'enable_attention',
    isOn: ({ attention }) => attention,
    makes: ['Attention', 'MultiHeadAttention'],
    leaves: 'Softmax',
    why: 'what stands around it is not an attention block that is fused',
  },
  {
    option: 'enable_gelu',
    isOn: (options) => options.gelu,
    makes: ['Gelu'],
    leaves: 'Erf',
    why: 'it is not part of a Gelu whose inner values nobody else reads',
  },
  {
    option: 'enable_layer_norm',
    isOn: ({ layerNorm }) => layerNorm,
    makes: ['LayerNormalization', 'SimplifiedLayerNormalization'],
    leaves: 'ReduceMean',
    why: 'it is not part of a normalisation over the last axis',
  },
  {
    option: 'enable_skip_layer_norm',
    isOn: ({ skipLayerNorm }) => skipLayerNorm,
    makes: ['SkipLayerNormalization'],
    leaves: 'LayerNormalization',
    why: 'no addition of two computed values of equal shape stands before it',
  },
];

/** What the report of a fused model is made of. */
export interface FusedModel {
  readonly model: Model;
  readonly counts: FusionCounts;
  readonly options: FusionOptions;
  /** Options as the recipe wrote them, and whether it named the model type. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly isTypeWritten: boolean;
}

/** Nodes that the fusions might have taken and did not. */
export function leftByFusions({ model, options }: FusedModel): readonly LeftAlone[] {
  return LEFTOVERS.filter(({ isOn }) => isOn(options)).flatMap(({ leaves, why }) => {
    const count = countOf(model, leaves);
    return count === 0 ? [] : [{ what: leaves, count, why }];
  });
}

/** What the author of a recipe may not expect. */
export function fusionFindings(fused: FusedModel): readonly PassFinding[] {
  return [...deadOptions(fused), ...withoutEffect(fused), ...maskFindings(fused)];
}

/** The recipe's own lint tells them when it knows the model type. */
function deadOptions({ written, isTypeWritten }: FusedModel): readonly PassFinding[] {
  if (isTypeWritten) return [];
  return OPTIONS_OF_OTHER_MODELS.filter((option) => written[option] === true || typeof written[option] === 'string').map((option) => ({
    rule: 'option-of-other-models',
    message: `${option} is on but is only read for other kinds of models`,
    param: PARAM,
    member: `.${option}`,
  }));
}

function withoutEffect({ model, counts, written }: FusedModel): readonly PassFinding[] {
  return LEFTOVERS.filter(({ option, makes }) => written[option] === true && makes.every((name) => (counts[name] ?? 0) === 0)).flatMap(
    ({ option, leaves, why }) => {
      const count = countOf(model, leaves);
      const message = `${option} is on and matches nothing: ${count} ${leaves} stay, ${why}`;
      return count === 0 ? [] : [{ rule: 'fusion-matches-nothing', message, param: PARAM, member: `.${option}` }];
    },
  );
}

function maskFindings({ counts }: FusedModel): readonly PassFinding[] {
  const findings: PassFinding[] = [];
  if ((counts['masksAsLengths'] ?? 0) > 0) {
    const message = 'fused attention takes the mask as a number of tokens per row: rows padded at their front are computed wrongly';
    findings.push({ rule: 'mask-by-length', message });
  }
  if ((counts['masksDropped'] ?? 0) > 0) {
    const message = 'fused attention ignores the mask, as the format asks for';
    findings.push({ rule: 'mask-dropped', message, param: PARAM, member: '.attention_mask_format' });
  }
  return findings;
}

function countOf({ graph }: Model, opType: string): number {
  let count = 0;
  for (const { node } of allNodes(graph)) if (node.opType === opType) count++;
  return count;
}
