import { GroveError } from '../../domain/errors.ts';
import { createModel, irVersionFor, type Model } from '../graph/model.ts';
import { emitBert } from './bert.ts';
import type { BertTask } from './bert-emission.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';

/** Hugging Face tasks that export natively. */
export type ExportTask = BertTask;

const TASKS: ReadonlySet<string> = new Set<ExportTask>(['feature-extraction', 'text-classification']);

/** Operator sets the emitters know: LayerNormalization is an operator from 17 on, GELU from 20 on. */
const MIN_OPSET = 17;
const MAX_OPSET = 20;

export interface ExportOptions {
  readonly task: ExportTask;
  /** 17 to 20. */
  readonly opset: number;
  /** True: batch and sequence length are symbolic. False: fixed at 2 x 16, the size of Olive's dummy input. */
  readonly dynamic: boolean;
  /** Default: the version Olive's exporter writes for the operator set. */
  readonly irVersion?: number;
}

export interface ExportedModel {
  readonly model: Model;
  /** `config.json` plus `hf_task`: later passes read `model_type`, `num_attention_heads`, `hidden_size` and `architectures` from it. */
  readonly modelAttributes: Record<string, unknown>;
}

/** Whether a recipe's task exports natively. */
export function isExportTask(task: string): task is ExportTask {
  return TASKS.has(task);
}

/**
 * Exports a Hugging Face checkpoint folder (config.json and safetensors weights) as ONNX, in float32 whatever the checkpoint's type. Throws
 * `unsupported-input` with the reason for architectures, variants, tasks and opsets without an emitter, and `invalid-checkpoint` or
 * `invalid-safetensors` for broken folders.
 */
export async function exportCheckpoint(folder: string, options: ExportOptions): Promise<ExportedModel> {
  if (!isExportTask(options.task)) throw unsupported(`task "${options.task}" (exported are ${[...TASKS].join(', ')})`);
  if (!Number.isInteger(options.opset) || options.opset < MIN_OPSET || options.opset > MAX_OPSET) {
    throw unsupported(`opset ${options.opset} (the exporter emits ${MIN_OPSET} to ${MAX_OPSET})`);
  }
  const checkpoint = await openCheckpoint(folder);
  try {
    const graph = emitArchitecture(checkpoint, options);
    const irVersion = options.irVersion ?? irVersionFor(options.opset);
    const model = createModel(graph, { irVersion, opsetImports: [['', options.opset]], producerName: 'grove' });
    return { model, modelAttributes: { ...checkpoint.config, hf_task: options.task } };
  } finally {
    checkpoint.close();
  }
}

/** One emitter per architecture family, by `model_type`. */
function emitArchitecture(checkpoint: Checkpoint, options: ExportOptions) {
  const { model_type: modelType } = checkpoint.config;
  if (modelType === 'bert') return emitBert(checkpoint, options);
  throw unsupported(`architecture "${modelType}" (exported is bert)`);
}

function unsupported(problem: string): GroveError {
  return new GroveError('unsupported-input', { problem });
}
