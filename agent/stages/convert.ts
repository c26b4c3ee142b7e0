import { join } from 'node:path';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
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
  const request: ConvertRequest = { recipe, task, sourceFolder: value.sourceFolder, outFolder: modelFolder, exportFolder, rows };
  const startedMs = context.clock.monotonicMs();
  const outcome = await context.inChild({
    stage: 'convert',
    request: asJson(request),
    result: convertOutcomeSchema,
    timeoutMs: context.config.timeoutMs.convert,
  });
  return { ...value, outcome, durationMs: context.clock.monotonicMs() - startedMs, modelFolder, exportFolder };
}
