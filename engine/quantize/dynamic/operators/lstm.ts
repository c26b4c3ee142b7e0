import { readInt } from '../../../graph/attribute.ts';
import { makeTensor, type Tensor } from '../../../graph/tensor.ts';
import type { DynamicRewriter, QuantizedValue } from '../rewriter.ts';
import type { DynamicHandler } from './handler.ts';

/** Inputs behind the weights: bias, lengths, initial state and cell, peephole weights. */
const OTHER_INPUTS = [3, 4, 5, 6, 7];

/** LSTM becomes DynamicQuantizeLSTM, whose weights are int8 whatever the recipe says, with a scale for each direction or each of its gate rows. */
export const lstm: DynamicHandler = {
  domain: '',
  quantize(node, rewriter) {
    const [input = '', weights = '', recurrent = ''] = node.inputs;
    if (readInt(node, 'layout', 0) !== 0) return 'its form has no integer operator';
    const tensors = [rewriter.constant(weights), rewriter.constant(recurrent)];
    if (tensors.some((tensor) => tensor?.dims.length !== 3)) return 'its weight is not constant';
    if (!rewriter.isFloat(input)) return 'not float32';
    const [w, r] = [weights, recurrent].map((name) => quantizeGates(name, rewriter));
    if (w === undefined || r === undefined) return 'its weight has no finite elements';
    const others = OTHER_INPUTS.map((slot) => node.inputs[slot] ?? '');
    const inputs = [input, w.integers, r.integers, ...others, w.scale, w.zeroPoint, r.scale, r.zeroPoint];
    const attributes = new Map([...node.attributes].filter(([key]) => key !== 'layout'));
    const name = rewriter.nameFor(node, '_quant');
    const { outputs } = node;
    rewriter.replace(node, [{ opType: 'DynamicQuantizeLSTM', domain: 'com.microsoft', name, inputs, outputs, attributes }]);
    return undefined;
  },
};

/** Weights of [directions, gate rows, inputs] to integers of [directions, inputs, gate rows], as the integer operator reads them. */
function quantizeGates(name: string, rewriter: DynamicRewriter): QuantizedValue | undefined {
  const { perChannel, reduceRange } = rewriter.settings;
  const tensor = rewriter.constant(name);
  const [directions = 0, rows = 0, columns = 0] = tensor?.dims ?? [];
  const channels = perChannel ? directions * rows : directions;
  const byChannel = tensor && { ...tensor, dims: [channels, (directions * rows * columns) / Math.max(channels, 1)] };
  const integers = byChannel && rewriter.integersOf(byChannel, { type: 'int8', reduceRange, axis: 0 });
  if (integers === undefined) return undefined;
  const dims = perChannel ? [directions, rows] : [directions];
  return rewriter.store(
    name,
    {
      values: transposeEach(integers.values, [directions, rows, columns]),
      scales: { ...integers.scales, dims },
      zeroPoints: { ...integers.zeroPoints, dims },
    },
    'gates',
  );
}

function transposeEach({ dataType, bytes }: Tensor, [count, rows, columns]: readonly [number, number, number]): Tensor {
  const transposed = new Uint8Array(bytes.length);
  for (let start = 0; start < count * rows * columns; start += rows * columns) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        transposed[start + column * rows + row] = bytes[start + row * columns + column] ?? 0;
      }
    }
  }
  return makeTensor(dataType, [count, columns, rows], transposed);
}
