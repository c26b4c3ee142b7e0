import type { QuantType } from '../quant-type.ts';

/** Everything that decides how a model is quantised dynamically. */
export interface DynamicSettings {
  readonly weightType: Extract<QuantType, 'int8' | 'uint8'>;
  /** Undefined: if and only if the weight's integer type is signed. */
  readonly weightSymmetric: boolean | undefined;
  /** Of constants that take the type of activations; at run time activations are never symmetric. */
  readonly activationSymmetric: boolean;
  /** MatMul, Attention and LSTM weights get a scale per channel. */
  readonly perChannel: boolean;
  /** Weights of Conv, MatMul, Attention and LSTM use one bit less. */
  readonly reduceRange: boolean;
  /** Least width of a real range; narrower ones are widened upwards. */
  readonly minRealRange: number | undefined;
  /** Operator types to quantise; undefined: all that have a rule. */
  readonly opTypes: ReadonlySet<string> | undefined;
  /** Operator types left alone, although `opTypes` may name them. */
  readonly excludedOpTypes: ReadonlySet<string>;
  /** Names of the nodes to quantise; undefined: all. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** Names of nodes left alone. */
  readonly excludedNodes: ReadonlySet<string>;
  /** A MatMul of two activations stays float. */
  readonly matMulConstBOnly: boolean;
  /** Transpose quantises a constant input rather than following an input that is quantised already. */
  readonly forceQuantizeNoInputCheck: boolean;
}
