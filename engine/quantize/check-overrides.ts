import { GroveError } from '../../domain/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { QuantOverride, TensorOverride } from './overrides.ts';
import { normalizedAxis } from './plan-context.ts';
import { type QuantType, quantTypeInfo } from './quant-type.ts';
import type { QdqSettings } from './settings.ts';

/** What overrides are checked against. */
type Settings = Pick<QdqSettings, 'overrides' | 'activationType' | 'activationSymmetric' | 'weightType' | 'dedicatedQdqPair'>;

/** Throws `pass-failed` for overrides that contradict each other or the model. */
export function checkOverrides(graph: Graph, settings: Settings): void {
  for (const [tensor, overrides] of settings.overrides) {
    const problem = problemOf(overrides, { graph, settings, tensor });
    if (problem !== undefined) throw refuse(`the override of tensor "${tensor}" ${problem}`);
  }
}

/** How quantisation refuses what it is asked for. */
export function refuse(problem: string): GroveError {
  return new GroveError('pass-failed', { type: 'OnnxStaticQuantization', problem });
}

interface Subject {
  readonly graph: Graph;
  readonly settings: Settings;
  readonly tensor: string;
}

/** Continues "the override ..."; undefined when there is none. */
function problemOf(overrides: readonly TensorOverride[], { graph, settings, tensor }: Subject): string | undefined {
  const constant = graph.initializers.get(tensor);
  if (!constant && graph.typeOf(tensor) === undefined) return 'names no tensor of the model';
  const isPerChannel = overrides.length > 1 || overrides[0]?.axis !== undefined;
  const defaultType = constant ? settings.weightType : settings.activationType;
  const problems = overrides.map((override) => valueProblem(override, overrides[0]?.quantType ?? defaultType));
  return (
    problems.find((problem) => problem !== undefined) ??
    (isPerChannel ? channelProblem(overrides, constant) : undefined) ??
    (constant ? constantProblem(overrides) : activationProblem(overrides[0] ?? {}, settings))
  );
}

function valueProblem({ scale, zeroPoint, symmetric, rmin, rmax, ...rest }: TensorOverride, type: QuantType): string | undefined {
  if ((scale === undefined) !== (zeroPoint === undefined)) return 'has a scale without a zero point, or the other way round';
  if (scale === undefined || zeroPoint === undefined) return undefined;
  const isComputedToo = [symmetric, rmin, rmax, rest.reduceRange].some((value) => value !== undefined);
  if (isComputedToo) return 'has a scale, and settings to compute one by';
  const { min, max } = quantTypeInfo(type).full;
  if (!(scale > 0 && Number.isFinite(scale))) return `has the scale ${scale}`;
  return Number.isInteger(zeroPoint) && zeroPoint >= min && zeroPoint <= max
    ? undefined
    : `has the zero point ${zeroPoint}, which is no ${type}`;
}

function channelProblem(overrides: readonly TensorOverride[], constant: Tensor | undefined): string | undefined {
  const [first = {}] = overrides;
  if (!constant) return 'is per channel, and the tensor is no constant';
  const axis = first.axis === undefined ? undefined : normalizedAxis(first.axis, constant.dims.length);
  if (axis === undefined)
    return first.axis === undefined ? 'lacks an axis' : `has the axis ${first.axis}, beyond rank ${constant.dims.length}`;
  const channels = constant.dims[axis] ?? 0;
  if (overrides.length > 1 && overrides.length !== channels) return `is for ${overrides.length} channels; the tensor has ${channels}`;
  const isUniform = overrides.every((override) =>
    (['quantType', 'symmetric', 'reduceRange', 'axis'] as const).every((key) => (override[key] ?? first[key]) === first[key]),
  );
  if (!isUniform) return 'differs between channels in more than scale and range';
  const isGiven = first.scale !== undefined;
  return overrides.every(({ scale }) => (scale !== undefined) === isGiven) ? undefined : 'gives a scale to some channels only';
}

function constantProblem(overrides: readonly TensorOverride[]): string | undefined {
  return overrides.some(({ convert }) => convert !== undefined) ? 'converts a constant' : undefined;
}

function activationProblem(override: TensorOverride, settings: Settings): string | undefined {
  const { reduceRange, convert } = override;
  if (reduceRange !== undefined) return 'reduces the range of an activation, which only constants know';
  if (convert === undefined) return undefined;
  if (isSame(override, convert, settings)) return `converts ${convert.quantType} to itself`;
  if (settings.dedicatedQdqPair) return 'converts a tensor, which dedicated pairs do not allow';
  return valueProblem(convert, convert.quantType);
}

function isSame(written: QuantOverride, read: QuantOverride, { activationType, activationSymmetric }: Settings): boolean {
  const complete = ({ quantType = activationType, symmetric = activationSymmetric, scale, zeroPoint, rmin, rmax }: QuantOverride) =>
    [quantType, symmetric, scale, zeroPoint, rmin, rmax].join();
  return complete(written) === complete(read);
}
