import { readFloat, readString } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { toFloat32 } from '../../graph/tensor.ts';
import { floatKindOf } from '../float-kind.ts';
import { activations, type OperatorContext, type OperatorHandler, outputActivations, wantsOutput } from './handler.ts';

/** Modes that pad with values of the input. */
const COPYING_MODES: readonly string[] = ['reflect', 'edge', 'wrap'];

/** Pad: data and padding value; the output has the data's scale where padding adds no new value. */
export const pad: OperatorHandler = (node, context) => {
  const inputs = activations(node.inputs.filter((input) => input !== ''));
  if (!addsNoValue(node, context)) return [...inputs, ...outputActivations(node, context)];
  const [data = ''] = node.inputs;
  return wantsOutput(node, context) ? [...inputs, { kind: 'same', tensor: node.outputs[0] ?? '', provider: data }] : inputs;
};

/** Zero is no new value either: every quantised range holds it. */
function addsNoValue(node: Node, context: OperatorContext): boolean {
  const mode = readString(node, 'mode', 'constant');
  if (COPYING_MODES.includes(mode)) return true;
  return mode === 'constant' && paddingValue(node, context) === 0;
}

/** Undefined when it is computed. */
function paddingValue(node: Node, { opset, constantValue }: OperatorContext): number | undefined {
  if (opset < 11) return readFloat(node, 'value', 0);
  const name = node.inputs[2] ?? '';
  if (name === '') return 0;
  const tensor = constantValue(name);
  return tensor && floatKindOf(tensor.dataType) ? toFloat32(tensor)[0] : undefined;
}
