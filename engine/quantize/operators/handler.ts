import type { Node } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { SkipReason } from '../report.ts';
import type { QdqSettings } from '../settings.ts';

/**
 * One thing an operator wants. What cannot be done (an integer tensor, an omitted input, a type nobody knows) is left out by whoever applies it;
 * a tensor that an earlier node asked for keeps what that node asked, unless a decision says otherwise.
 */
export type Decision =
  /** Quantise with the activation type; a constant too. */
  | { readonly kind: 'activation'; readonly tensor: string }
  /** Quantise a constant with the weight type; anything else as an activation. */
  | { readonly kind: 'weight'; readonly tensor: string }
  /** Quantise a constant per channel with the weight type, also when it is marked already. `axis` is at least 0. */
  | { readonly kind: 'channels'; readonly tensor: string; readonly axis: number }
  /** Quantise with the parameters that `provider` has where this node reads it, also when the tensor is marked already. */
  | { readonly kind: 'same'; readonly tensor: string; readonly provider: string }
  | BiasDecision
  /** Leave a float tensor as it is, and say why. */
  | { readonly kind: 'skip'; readonly tensor: string; readonly reason: SkipReason }
  /** Take this node out: quantising `output` clamps as it does, so that the producer of `input` can write `output` itself. */
  | { readonly kind: 'absorb'; readonly input: string; readonly output: string };

/** Quantise a constant to int32 with the scale of `input` times that of `weight`. */
export interface BiasDecision {
  readonly kind: 'bias';
  readonly tensor: string;
  readonly input: string;
  readonly weight: string;
  /** The node's attribute that the bias is multiplied by; absent: the bias is added as it is. */
  readonly factor?: { readonly attribute: string; readonly value: number };
}

/** What a handler may ask about the model and about what earlier nodes have decided. */
export interface OperatorContext {
  readonly settings: QdqSettings;
  /** Version of the standard operator set. */
  readonly opset: number;
  /** Whether the tensor is an initializer that callers cannot replace, as all constants here. */
  isConstant(tensor: string): boolean;
  /** Whether the tensor is a float32 or float16 initializer. */
  isFloatConstant(tensor: string): boolean;
  /** Whether an earlier node has decided to quantise the tensor. */
  isMarked(tensor: string): boolean;
  /** Value of an initializer or of a Constant node's output. */
  constantValue(tensor: string): Tensor | undefined;
  /** Axis to quantise a weight along, or undefined when it is quantised as a whole. `opType`: its default axis may be set for the type. */
  channelAxis(weight: string, defaultAxis: number, opType?: string): number | undefined;
  /** Whether nothing but the node between them needs `input` and all that reads `output` is quantised, so that the producer may write `output` instead. */
  canAbsorb(input: string, output: string): boolean;
}

/** What one operator type wants of its tensors. */
export type OperatorHandler = (node: Node, context: OperatorContext) => readonly Decision[];

/** Whether a recipe wants the outputs of this operator type quantised. */
export function wantsOutput(node: Node, { settings }: OperatorContext): boolean {
  return !settings.opTypesWithFloatOutput.has(node.opType);
}

/** Asks for each tensor as an activation. */
export function activations(tensors: readonly string[]): Decision[] {
  return tensors.map((tensor) => ({ kind: 'activation', tensor }));
}

/** Asks for a node's outputs as activations, where they are wanted. */
export function outputActivations(node: Node, context: OperatorContext): Decision[] {
  return wantsOutput(node, context) ? activations(node.outputs) : [];
}

/** Asks for a weight, per channel where settings and shape allow it. */
export function weightDecision(weight: string, axis: number | undefined): Decision {
  return axis === undefined ? { kind: 'weight', tensor: weight } : { kind: 'channels', tensor: weight, axis };
}
