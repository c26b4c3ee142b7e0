import type { ModelSummary, ValueSummary } from './model-summary.ts';

/** What a difference is about; the members of {@link ModelSummary}, with counts and wiring of operators apart. */
export type Aspect = 'header' | 'opset' | 'metadata' | 'end' | 'operator' | 'wiring' | 'initializers' | 'placement' | 'constant';

/** One thing that Grove's result has otherwise than Olive's. */
export interface Difference {
  readonly aspect: Aspect;
  /** Operator, tensor, domain or metadata key. */
  readonly key: string;
  /** As the result has it; `none` when it does not. */
  readonly olive: string;
  readonly grove: string;
}

/** Why a difference is as it is. */
export interface Explanation {
  /** Recipe labels it holds for; absent: all. */
  readonly recipes?: readonly string[];
  /** Subjects it holds for, by key; absent: all. */
  readonly subjects?: readonly string[];
  readonly aspect: Aspect;
  /** The keys it holds for. */
  readonly keys: readonly string[];
  readonly because: string;
}

/** A difference with its explanation, if there is one. */
export interface JudgedDifference extends Difference {
  readonly because: string | undefined;
}

/** How far the parameters of tensors that both quantize are apart. */
export interface ParameterComparison {
  /** Tensors compared. */
  readonly tensors: number;
  /** Largest relative difference of two scales, and whose. */
  readonly scale: Extreme;
  /** Largest difference of two zero points, and whose. */
  readonly zeroPoint: Extreme;
  /** How many scales, and how many zero points, are bit-equal. */
  readonly equalScales: number;
  readonly equalZeroPoints: number;
  /** Quantized biases compared, how many are bit-equal, and the largest difference of their extremes against their size. */
  readonly biases: number;
  readonly equalBiases: number;
  readonly bias: Extreme;
  /** Per-channel parameters that are not bit-equal. */
  readonly unequalChannels: readonly string[];
}

export interface Extreme {
  readonly difference: number;
  readonly tensor: string;
}

/** Everything but numbers: structure, and the bytes of constants when both summaries have them. */
export function differencesOf(olive: ModelSummary, grove: ModelSummary): readonly Difference[] {
  const counts = (summary: ModelSummary): Record<string, number> => mapValues(summary.operators, ({ count }) => count);
  const wiring = (summary: ModelSummary): Record<string, string> => mapValues(summary.operators, (operator) => operator.wiring);
  const shared = (summary: ModelSummary, other: ModelSummary): Record<string, string> =>
    Object.fromEntries(Object.entries(wiring(summary)).filter(([name]) => summary.operators[name]?.count === other.operators[name]?.count));
  return [
    ...tableDifferences('header', header(olive), header(grove)),
    ...tableDifferences('opset', olive.opsets, grove.opsets),
    ...tableDifferences('metadata', olive.metadata, grove.metadata),
    ...tableDifferences('end', olive.ends, grove.ends),
    ...tableDifferences('operator', counts(olive), counts(grove)),
    ...tableDifferences('wiring', shared(olive, grove), shared(grove, olive)),
    ...tableDifferences('initializers', olive.initializers, grove.initializers),
    ...tableDifferences('placement', olive.placement, grove.placement),
    ...constantDifferences(olive.values, grove.values),
  ];
}

function header({ irVersion, producer, valueInfo }: ModelSummary): Table {
  return { irVersion, producer, valueInfo };
}

function constantDifferences(olive: ValueSummary | undefined, grove: ValueSummary | undefined): readonly Difference[] {
  return olive === undefined || grove === undefined ? [] : tableDifferences('constant', olive.constants, grove.constants);
}

type Table = Readonly<Record<string, string | number>>;

function tableDifferences(aspect: Aspect, olive: Table, grove: Table): readonly Difference[] {
  const keys = [...new Set([...Object.keys(olive), ...Object.keys(grove)])];
  const text = (table: Table, key: string): string => String(Object.hasOwn(table, key) ? table[key] : 'none');
  return keys
    .map((key) => ({ aspect, key, olive: text(olive, key), grove: text(grove, key) }))
    .filter((difference) => difference.olive !== difference.grove);
}

/** Numbers of the tensors that both results quantize. A tensor that only one quantizes is a difference of the placement. */
export function compareParameters(olive: ValueSummary, grove: ValueSummary): ParameterComparison {
  const names = Object.keys(olive.parameters).filter((name) => Object.hasOwn(grove.parameters, name));
  const pairs = names.map((name) => ({ name, olive: olive.parameters[name], grove: grove.parameters[name] }));
  const numbers = pairs.flatMap(({ name, olive: a, grove: b }) => (isPair(a) && isPair(b) ? [{ name, a, b }] : []));
  const scales = numbers.map(({ name, a, b }) => ({ tensor: name, difference: Math.abs(b[0] / a[0] - 1) }));
  const zeroPoints = numbers.map(({ name, a, b }) => ({ tensor: name, difference: Math.abs(b[1] - a[1]) }));
  const biases = Object.entries(olive.biases).map(([tensor, bias]) => ({ tensor, bias, other: grove.biases[tensor] }));
  return {
    tensors: names.length,
    scale: largest(scales),
    zeroPoint: largest(zeroPoints),
    equalScales: numbers.filter(({ a, b }) => a[0] === b[0]).length,
    equalZeroPoints: numbers.filter(({ a, b }) => a[1] === b[1]).length,
    biases: biases.length,
    equalBiases: biases.filter(({ bias, other }) => other?.[0] === bias[0]).length,
    bias: largest(biases.map(({ tensor, bias, other }) => ({ tensor, difference: biasDifference(bias, other) }))),
    unequalChannels: pairs.filter((pair) => !isPair(pair.olive) && pair.olive !== pair.grove).map(({ name }) => name),
  };
}

type Bias = ValueSummary['biases'][string];

function biasDifference([, least, greatest]: Bias, other: Bias | undefined): number {
  if (other === undefined) return Number.POSITIVE_INFINITY;
  const size = Math.max(Math.abs(least), Math.abs(greatest), 1);
  return Math.max(Math.abs(other[1] - least), Math.abs(other[2] - greatest)) / size;
}

function isPair(value: ValueSummary['parameters'][string] | undefined): value is readonly [number, number] {
  return Array.isArray(value);
}

function largest(all: readonly Extreme[]): Extreme {
  return all.reduce((most, one) => (one.difference > most.difference ? one : most), { difference: 0, tensor: '' });
}

/** Whose differences are judged: labels as explanations name them. */
export interface Judged {
  readonly recipe: string;
  readonly subject: string;
}

/** Finds the explanation of each difference of a subject. */
export function judge(
  { recipe, subject }: Judged,
  differences: readonly Difference[],
  explanations: readonly Explanation[],
): readonly JudgedDifference[] {
  return differences.map((difference) => {
    const found = explanations.find(
      ({ recipes = [recipe], subjects = [subject], aspect, keys }) =>
        aspect === difference.aspect && keys.includes(difference.key) && recipes.includes(recipe) && subjects.includes(subject),
    );
    return { ...difference, because: found?.because };
  });
}

function mapValues<T, U>(table: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value)]));
}
