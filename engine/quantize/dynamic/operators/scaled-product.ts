import { intAttribute } from '../../../graph/attribute.ts';
import { DataType } from '../../../graph/data-type.ts';
import type { Node, NodeSpec } from '../../../graph/graph.ts';
import type { DynamicRewriter, QuantizedValue } from '../rewriter.ts';

/** An integer product and what makes it the float value that a node computed. */
interface ScaledProduct {
  readonly node: Node;
  /** `MatMulInteger` or `ConvInteger`. */
  readonly opType: string;
  readonly left: QuantizedValue;
  readonly right: QuantizedValue;
  readonly attributes?: NodeSpec['attributes'];
  /** The float value to make. */
  readonly output: string;
}

/** The integer operator, a Cast of its int32 sums, and their multiplication by both scales. Names are onnxruntime's. */
export function scaledProduct(rewriter: DynamicRewriter, { node, opType, left, right, attributes, output }: ScaledProduct): NodeSpec[] {
  const { graph } = rewriter;
  const name = rewriter.nameFor(node, '_quant');
  const sums = graph.freshName(`${node.outputs[0] ?? ''}_output_quantized`);
  const floats = graph.freshName(`${sums}_cast_output`);
  const scalesName = graph.freshName(name === '' ? `${left.scale}_${right.scale}_mul` : `${name}_scales_mul`);
  const scales = graph.freshName(`${scalesName}:0`);
  const operator = { opType, name, inputs: [left.integers, right.integers, left.zeroPoint, right.zeroPoint], outputs: [sums] };
  const castName = graph.freshName(`${sums}_cast`);
  return [
    { ...operator, ...(attributes && { attributes }) },
    { opType: 'Cast', name: castName, inputs: [sums], outputs: [floats], attributes: { to: intAttribute(DataType.FLOAT) } },
    { opType: 'Mul', name: scalesName, inputs: [left.scale, right.scale], outputs: [scales] },
    { opType: 'Mul', name: rewriter.nameFor(node, '_quant_output_scale_mul'), inputs: [floats, scales], outputs: [output] },
  ];
}
