import { elementCount } from '../graph/data-type.ts';
import { type Tensor, toFloat32 } from '../graph/tensor.ts';
import { FLOAT32, type FloatKind, floatKindOf } from './float-kind.ts';
import type { QuantOverride, TensorOverride } from './overrides.ts';
import { computeParameters } from './parameters.ts';
import type { Mark } from './plan.ts';
import { normalizedAxis } from './plan-context.ts';
import { type QuantType, quantTypeInfo } from './quant-type.ts';
import { channelLayout, channelRanges } from './quantize-values.ts';
import type { TensorRange } from './range.ts';
import type { SkipReason } from './report.ts';
import type { QdqSettings } from './settings.ts';

/** How a whole tensor is quantised: one scale and zero point, or, with an axis, one for each channel. */
export interface TensorScales {
  readonly type: QuantType;
  /** The type that scales are stored in. */
  readonly kind: FloatKind;
  readonly axis: number | undefined;
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
}

/** Scales of an activation from its range and its override. */
export function activationScales(
  range: TensorRange,
  override: QuantOverride,
  { settings, kind }: { readonly settings: QdqSettings; readonly kind: FloatKind },
): TensorScales | SkipReason {
  const type = override.quantType ?? settings.activationType;
  const given = givenParameters(override, kind);
  if (given) return { type, kind, axis: undefined, scales: [given.scale], zeroPoints: [given.zeroPoint] };
  const symmetric = override.symmetric ?? settings.activationSymmetric;
  const rules = { type, symmetric, reduceRange: false, minRealRange: settings.minRealRange };
  const parameters = computeParameters(overriddenRange(range, override, kind), rules, kind);
  if (typeof parameters === 'string') return parameters;
  return { type, kind, axis: undefined, scales: [parameters.scale], zeroPoints: [parameters.zeroPoint] };
}

/** Scales of a constant from its elements and its overrides. */
export function constantScales(tensor: Tensor, mark: Mark, { settings, overrides }: ConstantRules): TensorScales | SkipReason {
  const [first = {}] = overrides;
  const type = first.quantType ?? (mark.role === 'weight' ? settings.weightType : settings.activationType);
  const axis = axisOf(tensor, first.axis ?? mark.axis);
  const isSymmetricRole =
    mark.role === 'weight' ? (settings.weightSymmetric ?? quantTypeInfo(type).isSigned) : settings.activationSymmetric;
  // One zero point for all channels is what integer kernels need, and symmetry gives it.
  const symmetric = first.symmetric ?? (axis !== undefined || isSymmetricRole);
  const rules = { type, symmetric, reduceRange: first.reduceRange ?? settings.reduceRange, minRealRange: settings.minRealRange };
  const kind = floatKindOf(tensor.dataType) ?? FLOAT32;
  const ranges = channelRanges(toFloat32(tensor), channelLayout(tensor.dims, axis));
  if (ranges === undefined) return 'value-not-finite';
  const scales: number[] = [];
  const zeroPoints: number[] = [];
  for (const [channel, range] of ranges.entries()) {
    const override = overrideOfChannel(overrides, channel);
    const isEmpty = elementCount(tensor.dims) === 0;
    const computed = isEmpty ? EMPTY : computeParameters(overriddenRange(range, override, kind), rules, kind);
    const parameters = givenParameters(override, kind) ?? computed;
    if (typeof parameters === 'string') return parameters;
    scales.push(parameters.scale);
    zeroPoints.push(parameters.zeroPoint);
  }
  return { type, kind, axis, scales, zeroPoints };
}

interface ConstantRules {
  readonly settings: QdqSettings;
  readonly overrides: readonly TensorOverride[];
}

/** Of a tensor without elements. */
const EMPTY = { scale: 1, zeroPoint: 0 };

/** A tensor without channels is quantised as a whole. */
function axisOf(tensor: Tensor, axis: number | undefined): number | undefined {
  const fromFront = axis === undefined ? undefined : normalizedAxis(axis, tensor.dims.length);
  return fromFront === undefined || tensor.dims[fromFront] === 0 ? undefined : fromFront;
}

/** A single override gives its scale to every channel, but its range only to the first, as in onnxruntime. */
function overrideOfChannel(overrides: readonly TensorOverride[], channel: number): QuantOverride {
  const { scale, zeroPoint } = overrides[0] ?? {};
  if (overrides.length === 1 && scale !== undefined && zeroPoint !== undefined) return { scale, zeroPoint };
  return overrides[channel] ?? {};
}

function givenParameters({ scale, zeroPoint }: QuantOverride, kind: FloatKind): { scale: number; zeroPoint: number } | undefined {
  return scale === undefined || zeroPoint === undefined ? undefined : { scale: kind.round(scale), zeroPoint };
}

function overriddenRange({ min, max }: TensorRange, { rmin, rmax }: QuantOverride, kind: FloatKind): TensorRange {
  return { min: rmin === undefined ? min : kind.round(rmin), max: rmax === undefined ? max : kind.round(rmax) };
}
