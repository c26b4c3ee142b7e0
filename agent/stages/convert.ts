import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { USER_SCRIPT_CAPABILITY } from '../../domain/recipe/user-scripts.ts';
import { createSpawner } from '../../platform/spawner.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import { findToolchain, placeOf } from '../toolchains/place.ts';
import { assertUnchanged } from '../toolchains/prove.ts';
import { type ConvertRequest, convertOutcomeSchema } from './child-documents.ts';
import type { Converted, ConvertSource } from './convert-values.ts';
import { evaluationDataOf } from './evaluation-data.ts';
import { localRows } from './local-rows.ts';

/** Runs the host passes in a process of its own. The export is kept only if the recipe names data to compare on, and never from within Olive. */
export async function convert(value: ConvertSource, context: TaskContext): Promise<Converted> {
  const modelFolder = join(context.folder, 'model');
  const { recipe, task } = value.spec;
  const rows = localRows(value.spec.source, value.sourceFolder);
  assertScriptsAllowed(value.recipe, context);
  const toolchain = await toolchainOf(value, context);
  const keepsExport = evaluationDataOf(value.recipe) !== undefined && toolchain.olive === undefined;
  const exportFolder = keepsExport ? join(context.folder, 'export') : null;
  const request: ConvertRequest = {
    ...{ recipe, task, sourceFolder: value.sourceFolder, outFolder: modelFolder, exportFolder, rows },
    ...toolchain,
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

/** Only this machine's operator allows code of recipes here, whatever a coordinator believes. Throws `user-script-refused`. */
function assertScriptsAllowed(
  { userScripts: [path] }: Pick<Recipe, 'userScripts'>,
  { config, log }: Pick<TaskContext, 'config' | 'log'>,
): void {
  if (path === undefined) return;
  if (!config.capabilities.includes(USER_SCRIPT_CAPABILITY))
    throw new GroveError('user-script-refused', { path, why: 'this machine does not allow that (capability user-script)' });
  log(`Python code of the recipe runs here (${path}).`);
}

/** The toolchain whose id the task names: another one would give other bytes under the same key. */
async function toolchainOf(
  { spec }: ConvertSource,
  { config, signal, log }: TaskContext,
): Promise<Pick<ConvertRequest, 'openvino' | 'olive'>> {
  if (spec.toolchain === undefined) return {};
  const found = await findToolchain(spec.toolchain, config.dataFolder);
  await assertUnchanged(found, { spawner: createSpawner(), env: config.childEnv, signal, log });
  return { [found.name]: placeOf(found, config.childEnv) };
}
