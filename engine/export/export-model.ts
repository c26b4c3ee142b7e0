import { GroveError } from '../../domain/errors.ts';
import { EXPORT_TASKS, type ExportTask } from '../../domain/passes/hf-model.ts';
import { createModel, irVersionFor, type Model } from '../graph/model.ts';
import { type ArrivingCheckpoint, openAhead } from './checkpoint.ts';
import { type ExportFinding, type ExportOptions, emitCheckpoint } from './emit-checkpoint.ts';

/** Operator sets that are emitted: LayerNormalization is an operator from 17 on, GELU from 20 on. */
const MIN_OPSET = 17;
const MAX_OPSET = 21;

export interface ExportedModel {
  readonly model: Model;
  /** `config.json` plus `hf_task`: later passes read `model_type`, `num_attention_heads`, `hidden_size` and `architectures` from it. */
  readonly modelAttributes: Record<string, unknown>;
  readonly findings: readonly ExportFinding[];
}

/** Whether a recipe's task exports natively. */
export function isExportTask(task: string): task is ExportTask {
  return EXPORT_TASKS.some((known) => known === task);
}

/**
 * Exports a Hugging Face checkpoint (config.json and safetensors weights), given as its folder or opened already, as ONNX, and closes it. Throws `unsupported-input` with the reason for
 * architectures, variants, tasks and opsets without an emitter, and `invalid-checkpoint` or `invalid-safetensors` for broken folders.
 */
export async function exportCheckpoint(source: string | Promise<ArrivingCheckpoint>, options: ExportOptions): Promise<ExportedModel> {
  const { task, opset } = options;
  if (!isExportTask(task)) throw unsupported(`task "${task}" (exported are ${EXPORT_TASKS.join(', ')})`);
  if (!Number.isInteger(opset) || opset < MIN_OPSET || opset > MAX_OPSET) {
    throw unsupported(`opset ${opset} (the exporter emits ${MIN_OPSET} to ${MAX_OPSET})`);
  }
  const { checkpoint, arrival } = await (typeof source === 'string' ? openAhead(source) : source);
  try {
    await arrival;
    const { graph, findings } = emitCheckpoint(checkpoint, options);
    const model = createModel(graph, { irVersion: irVersionFor(opset), opsetImports: [['', opset]], producerName: 'grove' });
    return { model, modelAttributes: { ...checkpoint.config, hf_task: task }, findings };
  } finally {
    checkpoint.close();
  }
}

function unsupported(problem: string): GroveError {
  return new GroveError('unsupported-input', { problem });
}
