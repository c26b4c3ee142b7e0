import { z } from 'zod';
import { externalDataShape } from '../../domain/passes/external-data.ts';
import type { RecipePass } from '../../domain/recipe/recipe.ts';
import type { WriteOptions } from '../onnx/write.ts';

const externalData = z.object(externalDataShape);

/** Olive's exporter moves initialisers out from this size on, whatever the recipe's `size_threshold` says. */
const EXPORT_THRESHOLD_BYTES = 256;

/** How the result is laid out: the last pass that writes weights decides. Passes without these parameters (metadata) keep what they find. */
export function writeOptionsOf(passes: readonly RecipePass[]): WriteOptions {
  const last = passes.findLast(({ params }) => 'save_as_external_data' in params);
  const params = externalData.parse(last?.params ?? {});
  return {
    saveAsExternalData: params.save_as_external_data,
    sizeThresholdBytes: last?.type === 'OnnxConversion' ? EXPORT_THRESHOLD_BYTES : params.size_threshold,
    ...(params.external_data_name === null ? {} : { externalDataName: params.external_data_name }),
  };
}
