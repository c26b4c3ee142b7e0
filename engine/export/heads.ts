import { intAttribute } from '../graph/attribute.ts';
import { int64Tensor } from '../graph/tensor.ts';
import type { EmittedOutput } from './architecture.ts';
import { type Emission, emitLinear } from './emission.ts';
import type { TraceValue } from './trace.ts';

/** Start and end scores of each token: one linear layer of two outputs, split. */
export function emitSpanScores({ root }: Emission, hidden: TraceValue): readonly EmittedOutput[] {
  const scores = emitLinear(root.in('qa_outputs'), hidden, 'qa_outputs');
  const sizes = root.constant(int64Tensor([2], [1, 1]));
  const parts = root.ops('Split', [scores, sizes], { attributes: { axis: intAttribute(-1) }, outputCount: 2 });
  return parts.map((part) => ({ value: root.op('Squeeze', [part, root.vector(2)]), sizes: ['batch', 'sequence'] }));
}

/** Scores of each token for each label. */
export function emitTokenScores({ root, config }: Emission, hidden: TraceValue): readonly EmittedOutput[] {
  return [{ value: emitLinear(root.in('classifier'), hidden, 'classifier'), sizes: ['batch', 'sequence', config.labelCount] }];
}
