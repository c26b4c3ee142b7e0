import { join } from 'node:path';
import type { ToolchainPlace } from '../../engine/toolchain/openvino-worker.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import { findToolchain, placeOf } from '../toolchains/place.ts';
import { type ConvertRequest, convertOutcomeSchema } from './child-documents.ts';
import type { Converted, ConvertSource } from './convert-values.ts';
import { evaluationDataOf } from './evaluation-data.ts';
import { localRows } from './local-rows.ts';

/** Runs the host passes in a process of its own. The export is kept only if the recipe names data to compare on. */
export async function convert(value: ConvertSource, context: TaskContext): Promise<Converted> {
  const modelFolder = join(context.folder, 'model');
  const exportFolder = evaluationDataOf(value.recipe) === undefined ? null : join(context.folder, 'export');
  const { recipe, task } = value.spec;
  const rows = localRows(value.spec.source, value.sourceFolder);
  const openvino = await openVinoOf(value, context);
  const request: ConvertRequest = {
    ...{ recipe, task, sourceFolder: value.sourceFolder, outFolder: modelFolder, exportFolder, rows },
    ...(openvino !== undefined && { openvino }),
  };
  const startedMs = context.clock.monotonicMs();
  const outcome = await context.inChild({
    stage: 'convert',
    request: asJson(request),
    result: convertOutcomeSchema,
    timeoutMs: context.config.timeoutMs.convert,
  });
  return { ...value, outcome, durationMs: context.clock.monotonicMs() - startedMs, modelFolder, exportFolder };
}

/** The toolchain whose id the task names: another one would give other bytes under the same key. */
async function openVinoOf({ spec }: ConvertSource, { config }: TaskContext): Promise<ToolchainPlace | undefined> {
  if (spec.toolchain === undefined) return undefined;
  const found = await findToolchain(spec.toolchain, config.dataFolder);
  return found.name === 'openvino' ? placeOf(found, config.childEnv) : undefined;
}
