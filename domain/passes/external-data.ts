import { z } from 'zod';
import { isPortablePath } from '../manifest.ts';

/** Files that stand beside the weights; a file system may not tell case apart. */
const OTHER_FILES = ['model.onnx', 'model_config.json'];

/** Parameters that every pass which writes an ONNX file shares, with Olive's defaults. Grove honours them for the final file of a conversion. */
export const externalDataShape = {
  save_as_external_data: z.boolean().default(false).describe('Write the weights to a file of their own beside the graph.'),
  all_tensors_to_one_file: z.boolean().default(true).describe('One file for all weights; false writes one file a tensor.'),
  external_data_name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'must be a plain file name')
    .refine(isPortablePath, 'must be a file name on every system')
    .refine((name) => !OTHER_FILES.includes(name.toLowerCase()), `must not be ${OTHER_FILES.join(' or ')}`)
    .nullable()
    .default(null)
    .describe(
      "Name of the weights file: a plain file name that every system can hold. Null: the model file's name with `.data` behind it.",
    ),
  size_threshold: z.number().int().nonnegative().default(1024).describe('Bytes from which a tensor is moved out of the graph.'),
  convert_attribute: z.boolean().default(false).describe('Move tensors inside attributes out too.'),
};

/** Why these settings need Olive (see `PassManifest.unsupportedReason`): Grove writes one data file, and leaves tensors inside attributes where they are. */
export function externalDataReason(params: z.output<z.ZodObject<typeof externalDataShape>>): string | undefined {
  if (!params.save_as_external_data) return undefined;
  if (!params.all_tensors_to_one_file) return ' (all_tensors_to_one_file false)';
  return params.convert_attribute ? ' (convert_attribute)' : undefined;
}
