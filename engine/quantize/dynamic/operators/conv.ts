import { int64Tensor } from '../../../graph/tensor.ts';
import type { DynamicHandler } from './handler.ts';
import { scaledProduct } from './scaled-product.ts';

/** Conv becomes ConvInteger, never by channel; its bias is added afterwards in float. */
export const conv: DynamicHandler = {
  domain: '',
  quantize(node, rewriter) {
    const { graph, settings } = rewriter;
    const [input = '', kernel = '', bias = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const weight = rewriter.constant(kernel);
    if (weight === undefined) return 'its weight is not constant';
    if (!rewriter.isFloat(input)) return 'not float32';
    const right = rewriter.quantizeConstant(kernel, { type: settings.weightType, reduceRange: settings.reduceRange });
    const left = right && rewriter.quantizeActivation(input);
    if (right === undefined || left === undefined) return 'its weight has no finite elements';
    const scaled = bias === '' ? output : graph.freshName(`${output}quant_scaled_output`);
    const { attributes } = node;
    const product = scaledProduct(rewriter, { node, opType: 'ConvInteger', left, right, attributes, output: scaled });
    if (bias === '') {
      rewriter.replace(node, product);
      return undefined;
    }
    const shape = graph.freshName(`${output}_bias_reshape_shape`);
    const shapedBias = graph.freshName(`${output}_bias_reshape_output`);
    // The bias lies along the channels of [batch, channels, ...].
    graph.setInitializer(
      shape,
      int64Tensor(
        [weight.dims.length],
        weight.dims.map((_, axis) => (axis === 1 ? -1 : 1)),
      ),
    );
    rewriter.replace(node, [
      ...product,
      { opType: 'Reshape', inputs: [bias, shape], outputs: [shapedBias] },
      { opType: 'Add', name: graph.freshName(`${output}_bias_add`), inputs: [scaled, shapedBias], outputs: [output] },
    ]);
    return undefined;
  },
};
