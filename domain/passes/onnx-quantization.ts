import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { DYNAMIC_DIFFERENCES } from './onnx-dynamic-quantization.ts';
import { STATIC_DIFFERENCES } from './onnx-static-quantization.ts';
import { unknownOptions } from './quantization-options.ts';
import {
  commonShape,
  DYNAMIC_LEFT_TO_OLIVE,
  dynamicReason,
  dynamicRules,
  STATIC_LEFT_TO_OLIVE,
  staticReason,
  staticRules,
  staticShape,
} from './quantization-shape.ts';

const shape = {
  quant_mode: z.enum(['static', 'dynamic']).default('static').describe('Which of the two passes this one stands for.'),
  ...commonShape,
  ...staticShape,
};

type Params = z.output<z.ZodObject<typeof shape>>;

/** Static or dynamic quantisation by a parameter. */
export const onnxQuantization = definePass({
  type: 'OnnxQuantization',
  side: 'host',
  implementationVersion: 5,
  acceleratorAgnostic: false,
  summary: 'OnnxStaticQuantization or OnnxDynamicQuantization, by `quant_mode`.',
  documentation: {
    notes: ['Parameters that the mode does not have are ignored.'],
    leftToOlive: [
      ...STATIC_LEFT_TO_OLIVE.map((setting) => `static: ${setting}`),
      ...DYNAMIC_LEFT_TO_OLIVE.map((setting) => `dynamic: ${setting}`),
    ],
    differences: [...STATIC_DIFFERENCES, ...DYNAMIC_DIFFERENCES],
  },
  shape,
  rules: [
    ...staticRules.map((rule) => (params: Params) => (params.quant_mode === 'static' ? rule(params) : undefined)),
    ...dynamicRules.map((rule) => (params: Params) => (params.quant_mode === 'dynamic' ? rule(params) : undefined)),
  ],
  unsupportedReason: (params) => (params.quant_mode === 'static' ? staticReason(params) : dynamicReason(params)),
  unknownMembers: unknownOptions,
  dataOf: ({ quant_mode, data_config }) => (quant_mode === 'static' ? data_config : undefined),
});
