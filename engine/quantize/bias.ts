import { DataType } from '../graph/data-type.ts';
import { makeTensor, type Tensor, toFloat32 } from '../graph/tensor.ts';
import { FLOAT32, floatKindOf, roundHalfEven } from './float-kind.ts';
import { quantTypeInfo } from './quant-type.ts';
import { channelLayout, channelRanges } from './quantize-values.ts';
import type { SkipReason } from './report.ts';
import type { TensorScales } from './tensor-scales.ts';

const INT32 = { min: -2_147_483_648, max: 2_147_483_647 };

/** How many int32 steps a bias may use, its two ends included; 0.01 % of them are kept free. */
const INT32_STEPS = INT32.max - (INT32.min + 1);
const HEADROOM = 1.0001;

/** A bias as int32, with the scale of each channel (or one). */
export interface QuantizedBias {
  readonly integers: Tensor;
  readonly scales: readonly number[];
  /** Present with more than one scale. */
  readonly axis: number | undefined;
}

/**
 * `factor` times a bias as int32 with zero point 0 and scale = input scale * weight scale (per channel where the weight's is), computed in the
 * bias's float type. Where int32 does not hold it onnxruntime clamps; here that is a reason to leave it float.
 */
export function quantizeBias(
  bias: Tensor,
  { inputScale, weightScales, factor }: { readonly inputScale: number; readonly weightScales: readonly number[]; readonly factor: number },
): QuantizedBias | SkipReason {
  const kind = floatKindOf(bias.dataType) ?? FLOAT32;
  const scales = weightScales.map((scale) => kind.round(inputScale * scale));
  if (!scales.every((scale) => scale > 0 && Number.isFinite(scale))) return 'bias-scale-too-small';
  const axis = scales.length > 1 ? bias.dims.length - 1 : undefined;
  if (axis !== undefined && bias.dims[axis] !== scales.length) return 'bias-shape';
  const values = toFloat32(bias);
  if (!values.every(Number.isFinite)) return 'value-not-finite';
  const rounded = Float64Array.from(values, (value, i) => roundHalfEven((value * factor) / (scales[i % scales.length] ?? 1)));
  if (rounded.some((value) => value < INT32.min || value > INT32.max)) return 'bias-overflows';
  return { integers: makeTensor(DataType.INT32, bias.dims, Int32Array.from(rounded)), scales, axis };
}

/**
 * The scales of a symmetric signed weight, enlarged where the bias would overflow int32 at input scale * weight scale: onnxruntime's guard. The same
 * object when nothing is to be done. Comparisons follow onnxruntime's arithmetic: in double precision for a whole tensor, partly in the bias's float type per channel.
 */
export function scalesForBias(weight: TensorScales, bias: Tensor, inputScale: number): TensorScales {
  if (!quantTypeInfo(weight.type).isSigned || weight.zeroPoints.some((zeroPoint) => zeroPoint !== 0)) return weight;
  const least = leastBiasScales(bias, weight);
  if (least === undefined) return weight;
  const scales = weight.scales.map((scale, channel) => {
    const candidate = inputScale * scale;
    const needed = least[channel] ?? 0;
    return candidate > 0 && candidate < needed ? weight.kind.round(scale * (needed / candidate)) : scale;
  });
  return scales.every((scale, channel) => scale === weight.scales[channel]) ? weight : { ...weight, scales };
}

/** The least bias scale at which each channel fits int32; undefined when bias and weight do not match. */
function leastBiasScales(bias: Tensor, weight: TensorScales): readonly number[] | undefined {
  const values = toFloat32(bias);
  const kind = floatKindOf(bias.dataType) ?? FLOAT32;
  if (values.length === 0) return undefined;
  if (weight.axis === undefined) {
    const [range] = channelRanges(values, channelLayout(bias.dims, undefined)) ?? [];
    return range && [(HEADROOM * (2 * Math.max(Math.abs(range.min), Math.abs(range.max)))) / INT32_STEPS];
  }
  if (bias.dims.length !== 1 || values.length !== weight.scales.length) return undefined;
  return Array.from(values, (value) => kind.round(kind.round(HEADROOM) * kind.round(2 * Math.abs(value))) / INT32_STEPS);
}

/**
 * The scales of any weight, enlarged where the bias, times `factor`, would not fit int32 at input scale * weight scale; zero points stay. Where the
 * bias is that large the product hardly counts, so that coarser weights cost little. The same object when nothing is to be done.
 */
export function scalesAgainstOverflow(
  weight: TensorScales,
  bias: Tensor,
  { inputScale, factor }: { inputScale: number; factor: number },
): TensorScales {
  const values = toFloat32(bias);
  const isChannelwise = weight.axis !== undefined && values.length === weight.scales.length;
  const ranges = channelRanges(values, channelLayout([values.length], isChannelwise ? 0 : undefined)) ?? [];
  const scales = weight.scales.map((scale, channel) => {
    const { min, max } = ranges[isChannelwise ? channel : 0] ?? NOTHING;
    const least = (Math.abs(factor) * Math.max(Math.abs(min), Math.abs(max))) / INT32.max;
    return inputScale > 0 && inputScale * scale < least ? weight.kind.round((HEADROOM * least) / inputScale) : scale;
  });
  return scales.every((scale, channel) => scale === weight.scales[channel]) ? weight : { ...weight, scales };
}

const NOTHING = { min: 0, max: 0 };
