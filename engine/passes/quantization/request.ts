import type { QuantizationOptions } from '../../../domain/passes/quantization-options.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import type { TensorQuantOverrides as WrittenOverrides } from '../../../domain/passes/tensor-quant-overrides.ts';
import type { ExtraOptions, QuantizationRequest } from '../../quantize/build-settings.ts';
import type { ConvertOverride, QuantOverride, TensorOverride, TensorOverrides } from '../../quantize/overrides.ts';
import type { QuantType } from '../../quantize/quant-type.ts';

/** Parameters of static quantisation, whichever pass they are of. */
export type StaticParams = Omit<ParamsOf<'OnnxStaticQuantization'>, 'quant_mode'>;

/** The parameters as the quantizer takes them. `min_real_range` is not for QNN, which has its own. */
export function quantizationRequest(params: StaticParams, { forQnn }: { readonly forQnn: boolean }): QuantizationRequest {
  const { weight_symmetric, min_real_range, tensor_quant_overrides } = params;
  return {
    activationType: quantType(params.activation_type),
    weightType: quantType(params.precision),
    perChannel: params.per_channel,
    reduceRange: params.reduce_range,
    activationSymmetric: params.activation_symmetric,
    ...(weight_symmetric !== null && { weightSymmetric: weight_symmetric }),
    ...(min_real_range !== null && !forQnn && { minRealRange: min_real_range }),
    ...(tensor_quant_overrides !== null && { overrides: overridesOf(tensor_quant_overrides) }),
    opTypesToQuantize: params.op_types_to_quantize ?? [],
    opTypesToExclude: params.op_types_to_exclude ?? [],
    nodesToQuantize: params.nodes_to_quantize ?? [],
    nodesToExclude: params.nodes_to_exclude ?? [],
    extra: extraOptions(params.extra_options ?? {}),
  };
}

/** Types of other widths never get here: they go to Olive or are refused. */
function quantType(precision: StaticParams['precision']): QuantType {
  switch (precision) {
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'uint16':
      return precision;
    default:
      throw new RangeError(`${precision} is no type that Grove quantises to`);
  }
}

function extraOptions(options: QuantizationOptions): ExtraOptions {
  const { WeightSymmetric, MinimumRealRange, TensorQuantOverrides, ForceQuantizeNoInputCheck } = options;
  return {
    ...(isGiven(WeightSymmetric) && { weightSymmetric: WeightSymmetric }),
    ...(isGiven(MinimumRealRange) && { minRealRange: MinimumRealRange }),
    ...(isGiven(TensorQuantOverrides) && { overrides: overridesOf(TensorQuantOverrides) }),
    ...(isGiven(ForceQuantizeNoInputCheck) && { forceQuantizeNoInputCheck: ForceQuantizeNoInputCheck }),
    dedicatedQdqPair: options.DedicatedQDQPair ?? false,
    keepRemovableActivations: options.QDQKeepRemovableActivations ?? false,
    disableWeightAdjustForInt32Bias: options.QDQDisableWeightAdjustForInt32Bias ?? false,
    addQdqPairToWeight: options.AddQDQPairToWeight ?? false,
    quantizeBias: options.QuantizeBias ?? true,
    opTypesToExcludeOutputQuantization: options.OpTypesToExcludeOutputQuantization ?? [],
    opTypePerChannelSupportToAxis: new Map(Object.entries(options.QDQOpTypePerChannelSupportToAxis ?? {})),
    useContribOps: options.UseQDQContribOps ?? false,
  };
}

/** Null means "as if not written", as in Olive. */
function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function overridesOf(written: WrittenOverrides): TensorOverrides {
  return new Map(Object.entries(written).map(([tensor, channels]) => [tensor, channels.map(overrideOf)]));
}

function overrideOf({ reduce_range, axis, convert, ...range }: WrittenOverrides[string][number]): TensorOverride {
  return {
    ...rangeOf(range),
    ...(reduce_range !== undefined && { reduceRange: reduce_range }),
    ...(axis !== undefined && { axis }),
    ...(convert && { convert: convertOf(convert) }),
  };
}

function convertOf({ recv_nodes, ...range }: NonNullable<WrittenOverrides[string][number]['convert']>): ConvertOverride {
  return { ...rangeOf(range), quantType: range.quant_type, ...(recv_nodes && { receivers: new Set(recv_nodes) }) };
}

function rangeOf(range: Omit<WrittenOverrides[string][number], 'reduce_range' | 'axis' | 'convert'>): QuantOverride {
  const { quant_type, zero_point, ...others } = range;
  return {
    ...others,
    ...(quant_type !== undefined && { quantType: quant_type }),
    ...(zero_point !== undefined && { zeroPoint: zero_point }),
  };
}
