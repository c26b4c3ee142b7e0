import type { DynamicHandler } from './handler.ts';

/** Inputs of Attention that QAttention has too: input, weights, bias, mask, past. */
const SHARED_INPUTS = 5;

/** Attention becomes QAttention. */
export const attention: DynamicHandler = {
  domain: 'com.microsoft',
  quantize(node, rewriter) {
    const { settings } = rewriter;
    const [input = '', weights = '', bias = '', mask = '', past = ''] = node.inputs;
    const hasMore = node.inputs.slice(SHARED_INPUTS).some((value) => value !== '');
    if (node.attributes.has('qkv_hidden_sizes') || hasMore) return 'its form has no integer operator';
    const weight = rewriter.constant(weights);
    if (weight === undefined) return 'its weight is not constant';
    if (!rewriter.isFloat(input)) return 'not float32';
    const columns = settings.perChannel ? { axis: weight.dims.length - 1 } : {};
    const right = rewriter.quantizeConstant(weights, { type: settings.weightType, reduceRange: settings.reduceRange, ...columns });
    const left = right && rewriter.quantizeActivation(input);
    if (right === undefined || left === undefined) return 'its weight has no finite elements';
    const inputs = [left.integers, right.integers, bias, left.scale, right.scale, mask, left.zeroPoint, right.zeroPoint, past];
    const name = rewriter.nameFor(node, '_quant');
    const { outputs, attributes } = node;
    rewriter.replace(node, [{ opType: 'QAttention', domain: 'com.microsoft', name, inputs, outputs, attributes }]);
    return undefined;
  },
};
