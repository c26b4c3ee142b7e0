import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InferenceSettings } from '../passes/pass.ts';

/** Olive's description of a model beside its files. */
export const MODEL_CONFIG_FILE = 'model_config.json';

export interface ModelConfig {
  /** File name of the graph. */
  readonly modelFile: string;
  /** Whether weights lie in a file of their own: Olive then names the folder and the file apart. */
  readonly external: boolean;
  readonly modelAttributes: Readonly<Record<string, unknown>>;
  readonly inferenceSettings: InferenceSettings | null;
}

/**
 * Writes `model_config.json` in Olive's form. Paths are relative to the folder where Olive's are absolute: the bytes must not depend on where a
 * conversion ran.
 */
export async function writeModelConfig(folder: string, config: ModelConfig): Promise<void> {
  const document = {
    type: 'onnxmodel',
    config: {
      model_path: config.external ? '.' : config.modelFile,
      onnx_file_name: config.external ? config.modelFile : null,
      inference_settings: config.inferenceSettings,
      use_ort_extensions: false,
      external_initializers_file_name: null,
      constant_inputs_file_name: null,
      model_attributes: config.modelAttributes,
    },
  };
  await writeFile(join(folder, MODEL_CONFIG_FILE), `${JSON.stringify(document, null, 4)}\n`);
}
