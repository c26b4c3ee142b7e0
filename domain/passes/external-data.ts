import { z } from 'zod';
import { isPortablePath } from '../manifest.ts';

/** Files that stand beside the weights; a file system may not tell case apart. */
const OTHER_FILES = ['model.onnx', 'model_config.json'];

/** Parameters that every pass which writes an ONNX file shares, with Olive's defaults. Grove honours them for the final file of a conversion. */
export const externalDataShape = {
  /** Weights in a file of their own beside the graph. */
  save_as_external_data: z.boolean().default(false),
  all_tensors_to_one_file: z.boolean().default(true),
  /** File name of the weights; null means `<model file>.data`. */
  external_data_name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be a plain file name')
    .refine(isPortablePath, 'must be a file name on every system')
    .refine((name) => !OTHER_FILES.includes(name.toLowerCase()), `must not be ${OTHER_FILES.join(' or ')}`)
    .nullable()
    .default(null),
  /** Bytes from which a tensor is moved out. */
  size_threshold: z.number().int().nonnegative().default(1024),
  convert_attribute: z.boolean().default(false),
};

/** Why these settings need Olive (see `PassManifest.unsupportedReason`): Grove writes one data file, and leaves tensors inside attributes where they are. */
export function externalDataReason(params: z.output<z.ZodObject<typeof externalDataShape>>): string | undefined {
  if (!params.save_as_external_data) return undefined;
  if (!params.all_tensors_to_one_file) return ' (all_tensors_to_one_file false)';
  return params.convert_attribute ? ' (convert_attribute)' : undefined;
}
