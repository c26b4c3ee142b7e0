import type { DynamicHandler } from './handler.ts';

/** Input slots of tables, gamma and beta; the table of segments may be missing. */
const CONSTANTS = [2, 3, 4, 5, 6];
/** Input slot of the mask, the last one that the integer operator has too. */
const MASK = 7;

/** EmbedLayerNormalization becomes QEmbedLayerNormalization: its tables are integers of the activation's type. */
export const embedLayerNormalization: DynamicHandler = {
  domain: 'com.microsoft',
  quantize(node, rewriter) {
    const hasMore = node.inputs.slice(MASK + 1).some((value) => value !== '');
    if (node.outputs.filter((value) => value !== '').length > 2 || hasMore) return 'its form has no integer operator';
    const values = CONSTANTS.map((slot) => node.inputs[slot] ?? '');
    if (values.some((value) => value !== '' && rewriter.constant(value) === undefined)) return 'its weight is not constant';
    const quantized = values.map((value) => (value === '' ? ABSENT : rewriter.quantizeActivation(value)));
    const present = quantized.filter((value) => value !== undefined);
    if (present.length < quantized.length) return 'its weight has no finite elements';
    const inputs = [
      ...node.inputs.slice(0, 2),
      ...present.map(({ integers }) => integers),
      node.inputs[MASK] ?? '',
      ...present.map(({ scale }) => scale),
      ...present.map(({ zeroPoint }) => zeroPoint),
    ];
    const name = rewriter.nameFor(node, '_quant');
    const { outputs, attributes } = node;
    rewriter.replace(node, [{ opType: 'QEmbedLayerNormalization', domain: 'com.microsoft', name, inputs, outputs, attributes }]);
    return undefined;
  },
};

const ABSENT = { integers: '', scale: '', zeroPoint: '' };
