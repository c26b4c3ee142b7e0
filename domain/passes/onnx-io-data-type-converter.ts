import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';
import { patternProblem, pythonOnlySyntax } from './name-pattern.ts';

/** ONNX's numbers of element types. */
const FIRST_TYPE = 1;
const LAST_TYPE = 26;
const elementType = z.number().int().min(FIRST_TYPE).max(LAST_TYPE);

/** Gives graph inputs and outputs another element type, with a Cast between them and the graph. */
export const onnxIODataTypeConverter = definePass({
  type: 'OnnxIODataTypeConverter',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Gives inputs and outputs of one element type another one, with Casts behind and before them.',
  documentation: {
    notes: ['Element types are numbers of the ONNX specification: 1 float32, 10 float16, 11 float64, 6 int32, 7 int64, 16 bfloat16.'],
    leftToOlive: ['a `name_pattern` in syntax that only Python has: named groups, inline flags, `\\A`, `\\Z`'],
    differences: [
      'A pattern that matches nothing is silent in Olive and a finding here.',
      'An output that is a constant gets its Cast too, and one that is an input only its new type; Olive writes a broken graph. An input with a default value keeps its type.',
      'A pattern whose repetitions are nested, or that has more than three, is refused: it could take for ever on a long name. Names beyond 500 characters never match.',
    ],
  },
  shape: {
    name_pattern: z
      .string()
      .max(256)
      .nullable()
      .default('logits')
      .describe('Regular expression that is searched in names of inputs and outputs; empty or null matches every name.'),
    source_dtype: elementType.default(10).describe('Element type to replace.'),
    target_dtype: elementType.default(1).describe('Element type that takes its place.'),
    ...externalDataShape,
  },
  rules: [
    ({ name_pattern }) => {
      const message = name_pattern === null || pythonOnlySyntax(name_pattern) !== undefined ? undefined : patternProblem(name_pattern);
      return message === undefined ? undefined : { param: 'name_pattern', message };
    },
  ],
  unsupportedReason(params) {
    const syntax = params.name_pattern === null ? undefined : pythonOnlySyntax(params.name_pattern);
    return syntax === undefined ? externalDataReason(params) : ` (name_pattern with ${syntax})`;
  },
});
