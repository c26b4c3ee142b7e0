import { z } from 'zod';
import { tensorQuantOverrides } from './tensor-quant-overrides.ts';

const optional = {
  flag: z.boolean().nullish(),
  number: z.number().nullish(),
  count: z.number().int().nullish(),
};

/** Every member of `extra_options` that ONNX Runtime's quantisers read; others it ignores. */
const options = {
  ActivationSymmetric: optional.flag,
  WeightSymmetric: optional.flag,
  MinimumRealRange: optional.number,
  TensorQuantOverrides: tensorQuantOverrides.nullish(),
  ForceQuantizeNoInputCheck: optional.flag,
  DedicatedQDQPair: optional.flag,
  AddQDQPairToWeight: optional.flag,
  QuantizeBias: optional.flag,
  OpTypesToExcludeOutputQuantization: z.array(z.string()).nullish(),
  QDQOpTypePerChannelSupportToAxis: z.record(z.string(), z.number().int()).nullish(),
  QDQKeepRemovableActivations: optional.flag,
  QDQDisableWeightAdjustForInt32Bias: optional.flag,
  UseQDQContribOps: optional.flag,
  CalibTensorRangeSymmetric: optional.flag,
  CalibMovingAverage: optional.flag,
  CalibMovingAverageConstant: optional.number,
  CalibMaxIntermediateOutputs: optional.count,
  CalibStridedMinMax: optional.count,
  CalibPercentile: optional.number,
  SmoothQuant: optional.flag,
  SmoothQuantAlpha: optional.number,
  SmoothQuantFolding: optional.flag,
  MatMulConstBOnly: optional.flag,
  EnableSubgraph: optional.flag,
  DefaultTensorType: optional.count,
};

/** Schema of Olive's `extra_options`. */
export const quantizationOptions = z.object(options);

export type QuantizationOptions = z.output<typeof quantizationOptions>;

/** Why these options need Olive, as words in brackets; undefined when they do not. */
export function optionsReason(given: QuantizationOptions | null): string | undefined {
  if (given?.SmoothQuant) return ' (SmoothQuant)';
  if (given?.CalibStridedMinMax) return ' (CalibStridedMinMax)';
  return given?.EnableSubgraph ? ' (EnableSubgraph)' : undefined;
}

/** Members of `extra_options` as written that nobody reads. */
export function unknownOptions({ extra_options: written }: Readonly<Record<string, unknown>>): readonly string[] {
  if (typeof written !== 'object' || written === null) return [];
  return Object.keys(written)
    .filter((key) => !Object.hasOwn(options, key))
    .map((key) => `.extra_options.${key}`);
}
