import type { Model } from '../graph/model.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { optimizeModel } from '../runtime/optimize-model.ts';
import type { ScratchModels } from '../runtime/scratch-models.ts';
import { inferTypes } from '../runtime/type-oracle.ts';

/** Steps of the preprocessing to leave out. */
export interface PreprocessOptions {
  readonly skipOptimization?: boolean;
  readonly skipTypes?: boolean;
  /** Where to write the model for ONNX Runtime; absent: a folder of its own. */
  readonly scratch?: ScratchModels | undefined;
}

/** What onnxruntime's own tools write beside what they have done to a model. */
const TOOL = 'onnxruntime.quant';

/**
 * Prepares a model for quantisation as onnxruntime's `quant_pre_process` does: its basic graph optimiser, then the types of all values. The given model
 * stays as it is, unless the optimiser is left out: then it is the result.
 * Throws `session-failed` or `invalid-onnx` when ONNX Runtime does not accept the model.
 */
export async function preprocess(model: Model, runtime: InferenceRuntime, options: PreprocessOptions = {}): Promise<Model> {
  const optimized = options.skipOptimization ? model : await optimizeModel(model, runtime, { level: 'basic', scratch: options.scratch });
  if (!options.skipTypes) await recordTypes(optimized, runtime);
  optimized.metadata.set('onnx.quant.pre_process', TOOL);
  return optimized;
}

/** Records what ONNX Runtime infers of every computed value's type and shape in place of what was known, also where it tells none: nothing else tells what may be quantised. */
export async function recordTypes(model: Model, runtime: InferenceRuntime): Promise<void> {
  const types = await inferTypes(model, runtime, { tellScalars: false });
  for (const [value, type] of types) if (!model.graph.isOutput(value)) model.graph.setType(value, type);
  for (const value of [...model.graph.nodes].flatMap(({ outputs }) => outputs)) if (!types.has(value)) model.graph.valueInfo.delete(value);
}
