import { z } from 'zod';
import { externalDataShape } from '../../domain/passes/external-data.ts';
import type { RecipePass } from '../../domain/recipe/recipe.ts';
import type { WriteOptions } from '../onnx/write.ts';

const externalData = z.object(externalDataShape);

/** Olive's exporter moves initialisers out from this size on, whatever the recipe's `size_threshold` says. */
const EXPORT_THRESHOLD_BYTES = 256;

/** It has the parameters, and keeps the layout it finds all the same. */
const KEEPS_LAYOUT = 'AddOliveMetadata';

/** How the result is laid out: the last pass that writes weights decides. Passes that only write metadata keep what they find. */
export function writeOptionsOf(passes: readonly RecipePass[]): WriteOptions {
  const last = passes.findLast(({ type, params }) => 'save_as_external_data' in params && type !== KEEPS_LAYOUT);
  const params = externalData.parse(last?.params ?? {});
  return {
    saveAsExternalData: params.save_as_external_data,
    sizeThresholdBytes: last?.type === 'OnnxConversion' ? EXPORT_THRESHOLD_BYTES : params.size_threshold,
    ...(params.external_data_name === null ? {} : { externalDataName: params.external_data_name }),
  };
}
