import type { DynamicHandler } from './handler.ts';
import { scaledProduct } from './scaled-product.ts';

/** MatMul becomes MatMulInteger; with a scale for each column of a constant right operand where that is asked for. */
export const matMul: DynamicHandler = {
  domain: '',
  quantize(node, rewriter) {
    const { settings } = rewriter;
    const [left = '', right = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const weight = rewriter.constant(right);
    if (weight === undefined && settings.matMulConstBOnly) return 'its weight is not constant';
    if (!rewriter.isFloat(left) || !rewriter.isFloat(right)) return 'not float32';
    const { weightType: type, reduceRange } = settings;
    const columns = settings.perChannel && weight !== undefined && weight.dims.length > 1 ? { axis: weight.dims.length - 1 } : {};
    const quantizedRight =
      weight === undefined ? rewriter.quantizeActivation(right) : rewriter.quantizeConstant(right, { type, reduceRange, ...columns });
    const quantizedLeft = quantizedRight && rewriter.quantizeActivation(left);
    if (quantizedRight === undefined || quantizedLeft === undefined) return 'its weight has no finite elements';
    rewriter.replace(node, scaledProduct(rewriter, { node, opType: 'MatMulInteger', left: quantizedLeft, right: quantizedRight, output }));
    return undefined;
  },
};
