import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/recipe/findings.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
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
 * conversion ran, and the folder may be moved.
 */
export async function writeModelConfig(folder: string, config: ModelConfig): Promise<void> {
  await writeFile(join(folder, MODEL_CONFIG_FILE), `${JSON.stringify(modelConfigDocument(config, null), null, 4)}\n`);
}

/** Olive's model config; `folder` is where the files are, null for paths relative to the document. */
export function modelConfigDocument(config: ModelConfig, folder: string | null): JsonObject {
  const inFolder = (name: string) => (folder === null ? name : join(folder, name));
  return asJsonObject({
    type: 'onnxmodel',
    config: {
      model_path: inFolder(config.external ? '.' : config.modelFile),
      onnx_file_name: config.external ? config.modelFile : null,
      inference_settings: config.inferenceSettings,
      use_ort_extensions: false,
      external_initializers_file_name: null,
      constant_inputs_file_name: null,
      model_attributes: config.modelAttributes,
    },
  });
}

/** Attributes are what a JSON file held; this says so to the compiler. */
function asJsonObject(value: unknown): JsonObject {
  const document: Json = JSON.parse(JSON.stringify(value));
  return isJsonObject(document) ? document : {};
}
