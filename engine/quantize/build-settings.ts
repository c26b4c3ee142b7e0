import type { Graph } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { DEFAULT_OP_TYPES } from './operators/handled-op-types.ts';
import type { TensorOverrides } from './overrides.ts';
import type { QuantType } from './quant-type.ts';
import type { QdqSettings } from './settings.ts';

/** What a recipe asks of quantisation, by Olive's parameters. Lists may be empty, which is the same as absent. */
export interface QuantizationRequest {
  readonly activationType: QuantType;
  /** Olive's `precision`. */
  readonly weightType: QuantType;
  readonly perChannel: boolean;
  readonly activationSymmetric: boolean;
  readonly weightSymmetric?: boolean;
  readonly minRealRange?: number;
  readonly overrides?: TensorOverrides;
  /** Honoured by `plainSettings` only, as in Olive. */
  readonly reduceRange?: boolean;
  readonly opTypesToQuantize?: readonly string[];
  readonly opTypesToExclude?: readonly string[];
  /** Names; honoured by `plainSettings` only, as in Olive. */
  readonly nodesToQuantize?: readonly string[];
  readonly nodesToExclude?: readonly string[];
  readonly extra?: ExtraOptions;
}

/** Members of Olive's `extra_options` that decide how a graph is quantised, under Grove's names. The first three yield to the request's own. */
export interface ExtraOptions {
  readonly weightSymmetric?: boolean;
  readonly minRealRange?: number;
  readonly overrides?: TensorOverrides;
  readonly forceQuantizeNoInputCheck?: boolean;
  readonly dedicatedQdqPair?: boolean;
  readonly keepRemovableActivations?: boolean;
  readonly disableWeightAdjustForInt32Bias?: boolean;
  readonly addQdqPairToWeight?: boolean;
  readonly quantizeBias?: boolean;
  readonly opTypesToExcludeOutputQuantization?: readonly string[];
  readonly opTypePerChannelSupportToAxis?: ReadonlyMap<string, number>;
  readonly useContribOps?: boolean;
}

/** Olive's `prepare_qdq_config` for every execution provider but QNN: the whole model in integers. */
export function wholeModelSettings(model: Model, request: QuantizationRequest): QdqSettings {
  return {
    ...commonSettings(request),
    opTypes: opTypesOf(model.graph, request, ['Cast', 'DequantizeLinear', 'QuantizeLinear']),
    forceQuantizeNoInputCheck: request.extra?.forceQuantizeNoInputCheck ?? true,
  };
}

/** Olive with `prepare_qdq_config: false`: only operators that have a handler of their own, and a few more that onnxruntime's QOperator format knows. */
export function plainSettings(request: QuantizationRequest): QdqSettings {
  const { nodesToQuantize = [], opTypesToQuantize = [], reduceRange = false } = request;
  return {
    ...commonSettings(request),
    reduceRange,
    opTypes: opTypesToQuantize.length > 0 ? new Set(opTypesToQuantize) : DEFAULT_OP_TYPES,
    nodes: nodesToQuantize.length > 0 ? new Set(nodesToQuantize) : undefined,
  };
}

/** Everything that the builders agree on. */
export function commonSettings(request: QuantizationRequest): Omit<QdqSettings, 'opTypes'> {
  const { extra = {} } = request;
  return {
    activationType: request.activationType,
    weightType: request.weightType,
    perChannel: request.perChannel,
    reduceRange: false,
    activationSymmetric: request.activationSymmetric,
    weightSymmetric: request.weightSymmetric ?? extra.weightSymmetric,
    minRealRange: request.minRealRange ?? extra.minRealRange,
    excludedOpTypes: new Set(request.opTypesToExclude),
    nodes: undefined,
    excludedNodes: new Set(request.nodesToExclude),
    forceQuantizeNoInputCheck: extra.forceQuantizeNoInputCheck ?? false,
    overrides: request.overrides ?? extra.overrides ?? new Map(),
    dedicatedQdqPair: extra.dedicatedQdqPair ?? false,
    keepRemovableActivations: extra.keepRemovableActivations ?? false,
    adjustWeightForInt32Bias: !(extra.disableWeightAdjustForInt32Bias ?? false),
    addQdqPairToWeight: extra.addQdqPairToWeight ?? false,
    quantizeBias: extra.quantizeBias ?? true,
    opTypesWithFloatOutput: new Set(extra.opTypesToExcludeOutputQuantization),
    channelAxes: extra.opTypePerChannelSupportToAxis ?? new Map(),
    useContribOps: extra.useContribOps ?? false,
  };
}

/** The types asked for, else every type of the graph other than `never`. */
export function opTypesOf(graph: Graph, { opTypesToQuantize = [] }: QuantizationRequest, never: readonly string[]): ReadonlySet<string> {
  if (opTypesToQuantize.length > 0) return new Set(opTypesToQuantize);
  return new Set([...graph.nodes].map((node) => node.opType).filter((type) => !never.includes(type)));
}
