import type { Json } from '../json.ts';

type Members = Readonly<Record<string, Json>>;

/** Tasks of an HfModel that OnnxConversion exports natively. */
export const EXPORT_TASKS = [
  'feature-extraction',
  'text-classification',
  'token-classification',
  'fill-mask',
  'question-answering',
] as const;
export type ExportTask = (typeof EXPORT_TASKS)[number];

/** What an HfModel's members say about how transformers loads the checkpoint. */
export interface LoadSettings {
  /** How attention is computed: by PyTorch's scaled-dot-product function, or step by step. */
  readonly attention: 'sdpa' | 'eager';
  /** Type the weights are loaded in, without `torch.`: `float16`, or `auto` for the checkpoint's own. Null: float32. */
  readonly torchDtype: string | null;
  /** Whether code that comes with a checkpoint would run. */
  readonly trustsRemoteCode: boolean;
}

/** Arguments of `from_pretrained` that choose where and how files are read, and not what comes of them. */
const INERT_LOAD_KWARGS: readonly string[] = [
  'cache_dir',
  'device_map',
  'force_download',
  'local_files_only',
  'low_cpu_mem_usage',
  'max_memory',
  'proxies',
  'resume_download',
  'revision',
  'token',
  'use_auth_token',
  'use_safetensors',
];

/** Members of an HfModel that only Olive can honour, when they are given. */
const OLIVE_MEMBERS: readonly string[] = ['adapter_path', 'test_model_config', 'test_model_path'];

/** Reads `load_kwargs`, nested `extra_args` included, as far as it decides an export. */
export function loadSettings(config: Members): LoadSettings {
  const kwargs = loadKwargs(config);
  const dtype = kwargs['torch_dtype'];
  return {
    attention: kwargs['attn_implementation'] === 'eager' ? 'eager' : 'sdpa',
    torchDtype: typeof dtype === 'string' ? plainDtype(dtype) : null,
    trustsRemoteCode: kwargs['trust_remote_code'] === true,
  };
}

/** A PyTorch type as a recipe may write it, without its module. */
export function plainDtype(name: string): string {
  return name.replace(/^torch\./, '');
}

/** Why an HfModel with these members needs Olive, as words that continue "is not implemented natively"; undefined when it does not. */
export function hfModelReason(config: Members): string | undefined {
  const member = OLIVE_MEMBERS.find((name) => isGiven(config[name]));
  if (member !== undefined) return ` (input_model.${member})`;
  const [argument] = Object.entries(loadKwargs(config)).filter(([name, value]) => isGiven(value) && !isReadLoadKwarg(name, value));
  if (argument !== undefined) return ` (input_model.load_kwargs.${argument[0]})`;
  const io = config['io_config'];
  if (typeof io === 'string') return ' (input_model.io_config of a script)';
  return isMembers(io) && isGiven(io['kv_cache']) && io['kv_cache'] !== false ? ' (input_model.io_config.kv_cache)' : undefined;
}

function isReadLoadKwarg(name: string, value: Json): boolean {
  if (INERT_LOAD_KWARGS.includes(name)) return true;
  if (name === 'attn_implementation') return value === 'sdpa' || value === 'eager';
  if (name === 'torch_dtype') return typeof value === 'string' && ['float32', 'float16', 'auto'].includes(plainDtype(value));
  return name === 'trust_remote_code' && typeof value === 'boolean';
}

function loadKwargs(config: Members): Members {
  const kwargs = config['load_kwargs'];
  if (!isMembers(kwargs)) return {};
  const { extra_args: extra = null, ...own } = kwargs;
  return isMembers(extra) ? { ...extra, ...own } : own;
}

function isGiven(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

function isMembers(value: Json | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
