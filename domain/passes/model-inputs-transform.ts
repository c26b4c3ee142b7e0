import { z } from 'zod';

/** `{type: "model_inputs", names: [...]}`: calibration feeds exactly these of the tokenizer's outputs, in this order. */
export const modelInputsTransformSchema = z.strictObject({
  type: z.literal('model_inputs'),
  names: z
    .array(z.string().regex(/^[\w.:/-]{1,200}$/))
    .min(1)
    .max(64),
});
