import type { TensorOverrides } from './overrides.ts';
import type { QuantType } from './quant-type.ts';

/** Everything that decides how a model is quantised, ranges apart. Made by one of the builders for what a recipe asks for. */
export interface QdqSettings {
  readonly activationType: QuantType;
  readonly weightType: QuantType;
  /** Weights of Conv, Gemm, MatMul and normalisations get a scale per channel. */
  readonly perChannel: boolean;
  /** Constants use one bit less. */
  readonly reduceRange: boolean;
  readonly activationSymmetric: boolean;
  /** Undefined: if and only if the weight's integer type is signed. */
  readonly weightSymmetric: boolean | undefined;
  /** Least width of a real range; narrower ones are widened upwards. */
  readonly minRealRange: number | undefined;
  /** Operator types to quantise, of any domain. */
  readonly opTypes: ReadonlySet<string>;
  /** Operator types left alone, although `opTypes` may name them. */
  readonly excludedOpTypes: ReadonlySet<string>;
  /** Names of the nodes to quantise; undefined: all. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** Names of nodes left alone. */
  readonly excludedNodes: ReadonlySet<string>;
  /** Operators that only move data quantise their input too, rather than following an input that is quantised already. */
  readonly forceQuantizeNoInputCheck: boolean;
  readonly overrides: TensorOverrides;
  /** A pair of QuantizeLinear and DequantizeLinear for each reader of an activation, rather than one for all. */
  readonly dedicatedQdqPair: boolean;
  /** Keeps Clip and Relu where the clamping of the quantised tensor does their work. */
  readonly keepRemovableActivations: boolean;
  /** Enlarges the scale of a symmetric weight where the int32 bias would overflow. */
  readonly adjustWeightForInt32Bias: boolean;
  /** Leaves weights float behind a QuantizeLinear. */
  readonly addQdqPairToWeight: boolean;
  readonly quantizeBias: boolean;
  /** Operator types whose outputs stay float. */
  readonly opTypesWithFloatOutput: ReadonlySet<string>;
  /** Channel axis of weights by operator type (MatMul and normalisations only). */
  readonly channelAxes: ReadonlyMap<string, number>;
  /** Q/DQ nodes are of domain `com.microsoft` also where `ai.onnx` would do. */
  readonly useContribOps: boolean;
}
