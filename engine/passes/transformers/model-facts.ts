import { GroveError } from '../../../domain/errors.ts';
import { ortTransformersOptimization as manifest } from '../../../domain/passes/ort-transformers-optimization.ts';
import type { ParamsOf } from '../../../domain/passes/registry.ts';
import { modelTypeOfConfig, optimizerOf } from '../../../domain/passes/transformer-model-types.ts';

type Params = ParamsOf<'OrtTransformersOptimization'>;
type Attributes = Readonly<Record<string, unknown>>;

/** What the fusions take for granted of a model. */
export interface ModelFacts {
  /** One of the types that share Grove's fusions. */
  readonly modelType: string;
  /** 0 when neither recipe nor config tells. */
  readonly numHeads: number;
  readonly hiddenSize: number;
}

/** Members of Hugging Face configs that say the same, in the order Olive asks for them. */
const HEADS: readonly string[] = ['num_heads', 'n_head', 'n_heads', 'encoder_attention_heads', 'num_attention_heads'];
const HIDDEN: readonly string[] = ['dim', 'd_model', 'n_embd', 'hidden_size'];

/**
 * Kind and sizes of a model, of the recipe first and the config otherwise; or the type that no optimizer knows. Throws `unsupported-pass` for types whose
 * fusions only Olive has and `pass-failed` for sizes that contradict each other.
 */
export function modelFacts(params: Params, attributes: Attributes): ModelFacts | { readonly unknownType: string | undefined } {
  const configType = typeof attributes['model_type'] === 'string' ? modelTypeOfConfig(attributes['model_type']) : undefined;
  const modelType = params.model_type ?? configType;
  if (modelType === undefined || optimizerOf(modelType) === 'nobody') return { unknownType: modelType };
  if (optimizerOf(modelType) === 'olive') {
    throw new GroveError('unsupported-pass', { type: manifest.type, path: 'model_type', detail: ` (model_type ${modelType})` });
  }
  const numHeads = params.num_heads || numberOf(attributes, HEADS);
  const hiddenSize = params.hidden_size || numberOf(attributes, HIDDEN);
  if (numHeads === 0 ? hiddenSize > 0 : hiddenSize % numHeads !== 0) {
    const problem = `hidden_size ${hiddenSize} is no multiple of num_heads ${numHeads}`;
    throw new GroveError('pass-failed', { type: manifest.type, problem });
  }
  return { modelType, numHeads, hiddenSize };
}

function numberOf(attributes: Attributes, names: readonly string[]): number {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  }
  return 0;
}
