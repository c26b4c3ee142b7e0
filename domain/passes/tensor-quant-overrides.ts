import { z } from 'zod';

/** ONNX Runtime's spellings and Olive's. Olive itself takes none from a file: it hands the text on where a Python value is expected. */
const QUANT_TYPES = {
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  qint8: 'int8',
  quint8: 'uint8',
  qint16: 'int16',
  quint16: 'uint16',
} as const;

const quantType = z.string().transform((text, context) => {
  const name = text.toLowerCase();
  if (Object.hasOwn(QUANT_TYPES, name)) return QUANT_TYPES[name as keyof typeof QUANT_TYPES];
  context.addIssue({ code: 'custom', message: `must be one of int8, uint8, int16, uint16, not "${text}"` });
  return z.NEVER;
});

const range = {
  symmetric: z.boolean().exactOptional(),
  scale: z.number().positive().exactOptional(),
  zero_point: z.number().int().exactOptional(),
  rmin: z.number().exactOptional(),
  rmax: z.number().exactOptional(),
};

type Range = z.output<z.ZodObject<typeof range>>;

/** A scale is complete only with a zero point, and leaves nothing to compute. */
function isConsistent({ scale, zero_point, ...computed }: Range & { readonly reduce_range?: boolean }): boolean {
  if ((scale === undefined) !== (zero_point === undefined)) return false;
  return scale === undefined || !['symmetric', 'rmin', 'rmax', 'reduce_range'].some((key) => Object.hasOwn(computed, key));
}

const INCONSISTENT = 'scale and zero_point go together, and exclude symmetric, reduce_range, rmin and rmax';

const convert = z
  .strictObject({ quant_type: quantType, ...range, recv_nodes: z.array(z.string()).exactOptional() })
  .refine(isConsistent, INCONSISTENT);

const override = z
  .strictObject({
    quant_type: quantType.exactOptional(),
    ...range,
    reduce_range: z.boolean().exactOptional(),
    axis: z.number().int().exactOptional(),
    convert: convert.exactOptional(),
  })
  .refine(isConsistent, INCONSISTENT);

/** By tensor name: one override, or one for each channel of a constant. */
export const tensorQuantOverrides = z.record(z.string(), z.array(override).min(1));

export type TensorQuantOverrides = z.output<typeof tensorQuantOverrides>;
