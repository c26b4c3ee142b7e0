import type { DynamicHandler } from './handler.ts';

/** Gather of a constant table moves its integers. */
export const gather: DynamicHandler = {
  domain: '',
  quantize(node, rewriter) {
    const [table = ''] = node.inputs;
    if (rewriter.constant(table) === undefined) return 'its weight is not constant';
    const source = rewriter.quantizeActivation(table);
    if (source === undefined) return 'its weight has no finite elements';
    rewriter.moveIntegers(node, source);
    return undefined;
  },
};

/** Transpose moves integers where its input has some already, or, if that is forced, where it is a constant. */
export const transpose: DynamicHandler = {
  domain: '',
  quantize(node, rewriter) {
    const [input = ''] = node.inputs;
    const forced = rewriter.settings.forceQuantizeNoInputCheck;
    if (forced && rewriter.constant(input) === undefined) return 'its weight is not constant';
    const source = forced ? rewriter.quantizeActivation(input) : rewriter.find(input);
    if (source === undefined) return forced ? 'its weight has no finite elements' : 'its input is float';
    rewriter.moveIntegers(node, source);
    return undefined;
  },
};
