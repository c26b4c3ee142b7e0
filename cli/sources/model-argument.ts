import { basename, resolve } from 'node:path';
import type { SubmitRequest } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';

/** Kinds of devices that a provider runs on where nobody says; all others are GPUs. */
const USUAL_DEVICE: Readonly<Record<string, string>> = {
  CPUExecutionProvider: 'cpu',
  QNNExecutionProvider: 'npu',
  VitisAIExecutionProvider: 'npu',
  OpenVINOExecutionProvider: 'npu',
};

/** Options that a model in place of a recipe takes. */
export interface ModelArgumentOptions {
  readonly ep?: string;
  readonly device?: string;
  readonly model: readonly string[];
}

/** A benchmark-only job: the model as it is, on one provider. */
export interface ModelArgument {
  readonly recipe: Extract<SubmitRequest['recipes'][number], { readonly text: string }>;
  readonly model: string;
}

/**
 * The job that a lone `MODEL.onnx` with `--ep` asks for, as a recipe without passes; undefined for recipes. Throws `invalid-argument` when the two are mixed
 * or an option is missing.
 */
export function readModelArgument(recipes: readonly string[], { ep, device, model }: ModelArgumentOptions): ModelArgument | undefined {
  const file = recipes.find((argument) => argument.toLowerCase().endsWith('.onnx'));
  if (file === undefined) {
    if (ep === undefined && device === undefined) return undefined;
    throw new GroveError('invalid-argument', { problem: '--ep and --device belong to a MODEL.onnx: a recipe names its own provider' });
  }
  const problem =
    recipes.length > 1 || model.length > 0
      ? `${file} is a model: submit it alone, without recipes and without --model`
      : ep === undefined
        ? `${file} is a model: name the execution provider to measure it on with --ep`
        : undefined;
  if (problem !== undefined || ep === undefined) throw new GroveError('invalid-argument', { problem: problem ?? '' });
  return { model: resolve(file), recipe: { name: `${basename(file)}.json`, text: benchmarkRecipe(file, ep, device) } };
}

function benchmarkRecipe(file: string, ep: string, device = USUAL_DEVICE[ep] ?? 'gpu'): string {
  const recipe = {
    input_model: { type: 'ONNXModel', model_path: basename(file) },
    systems: { here: { type: 'LocalSystem', accelerators: [{ device, execution_providers: [ep] }] } },
    passes: {},
    target: 'here',
  };
  return `${JSON.stringify(recipe, null, 2)}\n`;
}
