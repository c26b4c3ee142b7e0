import { z } from 'zod';

/**
 * Olive's `accuracy` sub-types over classes, as the torchmetrics classes of version 1.9 compute them with Olive's defaults (task `binary`): each a
 * function of the counts of one class, averaged as the metric_config says.
 */

/** Best class of each row beside its label, in one order. */
export interface LabelledClasses {
  readonly predicted: readonly number[];
  /** Integers; null for a row without. */
  readonly labels: readonly (number | null)[];
}

/** A value, or why there is none. */
export type AccuracyValue = { readonly value: number } | { readonly why: string };

/** How often a class was right, wrongly given, missed, and rightly not given. */
interface Counts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
}

type Score = (counts: Counts) => number;

const precision: Score = ({ tp, fp }) => ratio(tp, tp + fp);
const recall: Score = ({ tp, fn }) => ratio(tp, tp + fn);
const f1: Score = ({ tp, fp, fn }) => ratio(2 * tp, 2 * tp + fp + fn);
/** Of two classes the share of right rows; of several the share of a class's own rows, which is its recall. */
const SCORES: Readonly<Record<string, { readonly binary: Score; readonly ofClass: Score }>> = {
  accuracy_score: { binary: ({ tp, fp, fn, tn }) => ratio(tp + tn, tp + fp + fn + tn), ofClass: recall },
  f1_score: { binary: f1, ofClass: f1 },
  precision: { binary: precision, ofClass: precision },
  recall: { binary: recall, ofClass: recall },
};

const orDefault = <T>(schema: z.ZodType<T>, value: T) => schema.nullish().transform((given) => given ?? value);

/** What Grove computes of a metric_config; other values leave the metric unresolved. */
const configSchema = z.object({
  task: orDefault(
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(['binary', 'multiclass'])),
    'binary',
  ),
  num_classes: z.int().min(2).max(100_000).nullish(),
  average: orDefault(
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(['micro', 'macro', 'weighted'])),
    'micro',
  ),
  multidim_average: orDefault(z.enum(['global']), 'global'),
  top_k: orDefault(z.literal(1), 1),
  ignore_index: z.null().optional(),
  zero_division: orDefault(z.literal(0), 0),
});

/** The value of one sub-type under its metric_config. */
export function accuracyValue(subType: string, config: unknown, classes: LabelledClasses): AccuracyValue {
  const scores = SCORES[subType];
  if (scores === undefined) return { why: `Grove does not compute ${subType}` };
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) return { why: `metric_config.${parsed.error.issues[0]?.path.join('.') ?? ''} asks for what Grove does not compute` };
  const { task, num_classes: given, average } = parsed.data;
  if (task === 'multiclass' && given == null) return { why: 'a multiclass metric needs num_classes in its metric_config' };
  const classCount = task === 'binary' ? 2 : (given ?? 2);
  const why = whyNot(classes, classCount, task);
  if (why !== undefined) return { why };
  const counts = countsOf(classes, classCount);
  if (task === 'binary') return { value: scores.binary(counts[1] ?? NO_COUNTS) };
  return { value: averaged(counts, scores.ofClass, average) };
}

const NO_COUNTS: Counts = { tp: 0, fp: 0, fn: 0, tn: 0 };

function whyNot({ predicted, labels }: LabelledClasses, classCount: number, task: string): string | undefined {
  const unlabelled = labels.filter((label) => label === null).length;
  if (labels.length === 0 || unlabelled > 0) return `${unlabelled === labels.length ? 'none' : 'not all'} of the rows have a numeric label`;
  const isClass = (value: number | null) => value !== null && Number.isInteger(value) && value >= 0 && value < classCount;
  const odd = [...labels, ...predicted].find((value) => !isClass(value));
  if (odd === undefined) return undefined;
  const advice = task === 'binary' ? ', the default; say task: multiclass and num_classes' : '';
  return `class ${odd} is none of the ${classCount} of a ${task} metric${advice}`;
}

function countsOf({ predicted, labels }: LabelledClasses, classCount: number): readonly Counts[] {
  const counts = Array.from({ length: classCount }, () => ({ ...NO_COUNTS, tn: labels.length }));
  for (const [row, guess] of predicted.entries()) {
    const label = labels[row] ?? 0;
    const [given, wanted] = [counts[guess], counts[label]];
    if (given === undefined || wanted === undefined) continue;
    given.tn -= 1;
    if (given === wanted) {
      given.tp += 1;
      continue;
    }
    given.fp += 1;
    wanted.fn += 1;
    wanted.tn -= 1;
  }
  return counts;
}

/** Micro: of the summed counts. Macro: mean over the classes that occur at all. Weighted: by each class's rows. */
function averaged(counts: readonly Counts[], score: Score, average: 'micro' | 'macro' | 'weighted'): number {
  if (average === 'micro') {
    const total = (key: keyof Counts) => counts.reduce((sum, one) => sum + one[key], 0);
    return score({ tp: total('tp'), fp: total('fp'), fn: total('fn'), tn: total('tn') });
  }
  const weightOf = ({ tp, fp, fn }: Counts) => (average === 'weighted' ? tp + fn : Math.sign(tp + fp + fn));
  const weights = counts.map(weightOf);
  const weighted = counts.map((one, index) => score(one) * (weights[index] ?? 0));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return ratio(sum(weighted), sum(weights));
}

/** 0 where there is nothing to divide by: torchmetrics' `zero_division`. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
