import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';

/** Operator sets between which Grove knows what changed in each operator. */
export const KNOWN_OPSETS = { first: 13, last: 21 } as const;

/** The newest operator set of the reference's ONNX release. */
const REFERENCE_OPSET = 26;

/** Moves a model to another version of the standard operator set. */
export const onnxOpVersionConversion = definePass({
  type: 'OnnxOpVersionConversion',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Moves a model to another version of the standard operator set, where every operator keeps its meaning.',
  documentation: {
    notes: [
      `For every standard operator Grove has what changed from operator set ${KNOWN_OPSETS.first} to ${KNOWN_OPSETS.last}. An operator that did not change, or only takes more types and options than before, stays as it is; reductions get their axes as an input, Split its number of outputs, RoiAlign and GridSample the names of the modes they had. Everything else is refused with the operator named, before anything changes: GroupNormalization and DFT across their new definitions, AveragePool with ceil_mode, BatchNormalization in training, operators that the target does not have, and on the way down every use of a newer type or option.`,
      'The model must be within those operator sets and hold no functions of its own. Other domains keep their versions.',
    ],
    leftToOlive: [`\`target_opset\` below ${KNOWN_OPSETS.first} or above ${KNOWN_OPSETS.last}`],
    differences: [
      'Olive rewrites more operators, and falls back to a converter that may leave an operator with an old meaning under a new version.',
    ],
  },
  shape: {
    target_opset: z.number().int().positive().default(REFERENCE_OPSET).describe('Version of the standard operator set to write.'),
    ...externalDataShape,
  },
  unsupportedReason(params) {
    const { target_opset: target } = params;
    return target < KNOWN_OPSETS.first || target > KNOWN_OPSETS.last ? ` (target_opset ${target})` : externalDataReason(params);
  },
});
