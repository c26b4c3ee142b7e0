import type { Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { anyOperator } from './any-operator.ts';
import { clamp } from './clamp.ts';
import { dataMovement, gather, maxPool, resize, split } from './data-movement.ts';
import type { HandledOpType } from './handled-op-types.ts';
import type { OperatorHandler } from './handler.ts';
import { conv, gemm, matMul } from './matrix.ts';
import { normalization } from './normalization.ts';
import { pad } from './pad.ts';
import { where } from './where.ts';

/** Every handler; an operator type that is named and has none does not compile. */
const HANDLERS: Readonly<Record<HandledOpType, OperatorHandler>> = {
  AveragePool: dataMovement,
  BatchNormalization: normalization,
  Clip: clamp,
  Conv: conv,
  ConvTranspose: conv,
  CumSum: anyOperator,
  Gather: gather,
  GatherElements: gather,
  Gemm: gemm,
  InstanceNormalization: normalization,
  LayerNormalization: normalization,
  MatMul: matMul,
  MaxPool: maxPool,
  Pad: pad,
  Relu: clamp,
  Reshape: dataMovement,
  Resize: resize,
  Slice: dataMovement,
  Split: split,
  Squeeze: dataMovement,
  TopK: dataMovement,
  Transpose: dataMovement,
  Unsqueeze: dataMovement,
  Where: where,
};

const BY_TYPE: ReadonlyMap<string, OperatorHandler> = new Map(Object.entries(HANDLERS));

/** The handler of a node's operator. What operators of other domains do is not known by their type. */
export function handlerOf({ opType, domain }: Node): OperatorHandler {
  return (isOnnxDomain(domain) ? BY_TYPE.get(opType) : undefined) ?? anyOperator;
}
