import type { ExportTask } from '../../domain/passes/hf-model.ts';
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import type { DataType } from '../graph/data-type.ts';
import { floatTensor } from '../graph/tensor.ts';
import type { EncoderConfig } from './encoder-config.ts';
import type { Trace, TraceScope, TraceValue } from './trace.ts';

/** Arguments of an encoder's forward function that can be inputs of the graph. */
export type InputArgument = 'input_ids' | 'attention_mask' | 'token_type_ids';

/** What decides the emitted graph beside the checkpoint's configuration. */
export interface EmissionOptions {
  readonly task: ExportTask;
  readonly opset: number;
  /** How transformers computes attention: its scaled-dot-product function, or matrix products of its own. */
  readonly attention: 'sdpa' | 'eager';
  /** Type of weights and computation: float32 or float16. */
  readonly floatType: DataType;
}

/** Everything the emitting functions share. */
export interface Emission {
  readonly config: EncoderConfig;
  readonly options: EmissionOptions;
  readonly trace: Trace;
  /** The inputs by the argument they are; an argument that is no input is undefined. */
  readonly inputs: Readonly<Record<InputArgument, TraceValue | undefined>>;
  /** Whether batch and sequence length of the hidden states are fixed: their shape then, else undefined. */
  readonly hiddenDims: readonly number[] | undefined;
  /** False: a feature extractor whose checkpoint has no pooler. */
  readonly hasPooler: boolean;
  /** Scope of the whole model. */
  readonly root: TraceScope;
  /** Scope of the encoder: the root, or `bert` below a head. */
  readonly scope: TraceScope;
  /** Prefix of the encoder's parameter names: empty, or `bert.`. */
  readonly prefix: string;
}

/** One parameter of a model: name and shape. */
export type Parameter = readonly [name: string, dims: readonly number[]];

/** The weight and bias of a linear layer from `inputs` to `outputs` features. */
export function linearParameters(path: string, inputs: number, outputs: number): readonly Parameter[] {
  return [
    [`${path}.weight`, [outputs, inputs]],
    [`${path}.bias`, [outputs]],
  ];
}

/** The weight and bias of a LayerNorm. */
export function normParameters(path: string, size: number): readonly Parameter[] {
  return [
    [`${path}.weight`, [size]],
    [`${path}.bias`, [size]],
  ];
}

/** A float constant in the type of the export. */
export function floatConstant(emission: Emission, scope: TraceScope, value: number): TraceValue {
  return scope.constant(floatTensor(emission.options.floatType, [], [value]));
}

/** x W + b on values of more than two dimensions: the exporter transposes the weight and puts the bias first. */
export function emitLinear(scope: TraceScope, input: TraceValue, path: string): TraceValue {
  return emitProjection(scope, input, { weight: `${path}.weight`, bias: `${path}.bias` });
}

/** Like `emitLinear`, with parameters that do not lie together. */
export function emitProjection(
  scope: TraceScope,
  input: TraceValue,
  { weight, bias }: { readonly weight: string; readonly bias: string },
): TraceValue {
  const product = scope.op('MatMul', [input, scope.transpose(weight, [1, 0])]);
  return scope.op('Add', [bias, product]);
}

/** x W + b on rows. */
export function emitGemm(scope: TraceScope, input: TraceValue, path: string): TraceValue {
  const attributes = { alpha: floatAttribute(1), beta: floatAttribute(1), transB: intAttribute(1) };
  return scope.op('Gemm', [input, `${path}.weight`, `${path}.bias`], { attributes });
}

/** A LayerNorm over the last dimension. Its result has the shape of the hidden states. */
export function emitLayerNorm(
  emission: Emission,
  scope: TraceScope,
  { input, path }: { readonly input: TraceValue; readonly path: string },
): TraceValue {
  const attributes = { axis: intAttribute(-1), epsilon: floatAttribute(emission.config.layerNormEpsilon) };
  const output = scope.op('LayerNormalization', [input, `${path}.weight`, `${path}.bias`], { attributes });
  if (emission.hiddenDims) emission.trace.setStaticDims(output, emission.hiddenDims);
  return output;
}
