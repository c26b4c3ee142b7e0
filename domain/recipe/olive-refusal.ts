import { GroveError } from '../errors.ts';
import { isJsonObject } from './findings.ts';
import type { InputModel, JsonObject, Recipe } from './recipe.ts';

/** Members of the input model that Olive is given, beside path and task. Others read further files or load libraries. */
const MODEL_MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['HfModel', ['io_config', 'load_kwargs', 'model_attributes']],
  ['ONNXModel', ['constant_inputs_file_name', 'external_initializers_file_name', 'generative', 'model_attributes', 'onnx_file_name']],
]);

/** Arguments of `from_pretrained` that Olive is given: they change numbers, and load nothing. */
const LOAD_ARGUMENTS = ['attn_implementation', 'device_map', 'max_memory', 'quantization_config', 'quantization_method', 'torch_dtype'];

/** Arguments without a meaning for a checkpoint that lies in a folder and whose code is not run. */
const IDLE_ARGUMENTS = ['cache_dir', 'revision', 'trust_remote_code'];

/** Other implementations are fetched from a hub, as code. */
const ATTENTION = ['eager', 'sdpa'];

/**
 * Why Olive is not given a recipe: it would run code that did not come with it (`user-script-refused`), or its input model is none that Grove hands over (`unsupported-input`). Undefined when it may
 * run. Whoever plans a conversion and whoever runs it ask both.
 */
export function oliveRefusal({ lackingScripts, inputModel }: Pick<Recipe, 'lackingScripts' | 'inputModel'>): GroveError | undefined {
  const [path] = lackingScripts;
  if (path !== undefined) return new GroveError('user-script-refused', { path, why: 'its file did not come with it' });
  const problem = modelProblem(inputModel);
  return problem === undefined ? undefined : new GroveError('unsupported-input', { problem: `Olive is not given ${problem}` });
}

function modelProblem({ type, config }: InputModel): string | undefined {
  const allowed = MODEL_MEMBERS.get(type);
  if (allowed === undefined) return `a model of type ${type}`;
  const member = Object.keys(config).find((name) => config[name] !== null && !allowed.includes(name));
  if (member !== undefined) return `\`${member}\` of the input model`;
  const outside = allowed.find((name) => name.endsWith('_file_name') && /[\\/]/.test(String(config[name] ?? '')));
  if (outside !== undefined) return `\`${outside}\` outside the model's folder`;
  const given = loadArguments(config);
  const argument = Object.keys(given).find((name) => !LOAD_ARGUMENTS.includes(name) && !IDLE_ARGUMENTS.includes(name));
  if (argument !== undefined) return `\`load_kwargs.${argument}\` of the input model`;
  const attention = given['attn_implementation'] ?? null;
  return attention === null || ATTENTION.some((name) => name === attention)
    ? undefined
    : 'an attention implementation other than eager and sdpa';
}

/** The input model's members as Olive is given them, without path and task; code of a checkpoint is never trusted. */
export function oliveModelMembers({ type, config }: InputModel): JsonObject {
  const allowed = MODEL_MEMBERS.get(type) ?? [];
  const kept = Object.fromEntries(Object.entries(config).filter(([name, value]) => value !== null && allowed.includes(name)));
  if (type !== 'HfModel') return kept;
  const given = Object.entries(loadArguments(config)).filter(([name]) => LOAD_ARGUMENTS.includes(name));
  return { ...kept, load_kwargs: { ...Object.fromEntries(given), trust_remote_code: false } };
}

/** Olive takes arguments beside the known ones or below `extra_args`. */
function loadArguments(config: JsonObject): JsonObject {
  if (!isJsonObject(config['load_kwargs'])) return {};
  const { extra_args: extra = null, ...given } = config['load_kwargs'];
  return isJsonObject(extra) ? { ...extra, ...given } : given;
}
