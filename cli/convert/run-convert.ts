import { join, resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { firstUnsupportedPass, planConversion, toolchainNeeded } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { ConversionData } from '../../engine/convert/conversion-data.ts';
import { convertModel } from '../../engine/convert/convert.ts';
import type { ConvertResult } from '../../engine/convert/convert-request.ts';
import { type ModelConfig, writeModelConfig } from '../../engine/convert/model-config.ts';
import { writeOliveOutput } from '../../engine/convert/olive-output.ts';
import type { InferenceRuntime } from '../../engine/runtime/inference-runtime.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import type { ToolchainPlace } from '../../engine/toolchain/openvino-worker.ts';
import { createSystemClock } from '../../platform/clock.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { print } from '../output.ts';
import { readLocalRecipe } from '../sources/local-recipe.ts';
import { conversionData, givenRows } from './conversion-data.ts';
import { type Conversion, conversionText, explainedText, outlookOf, outlookText } from './convert-text.ts';
import type { Evaluation, EvaluationPlan } from './evaluate.ts';
import { assertApart, type OutputDraft, openOutputDraft } from './output-folder.ts';
import { createConvertDisplay } from './progress-display.ts';

/** `grove convert`'s options. */
export interface ConvertOptions extends OutputOptions {
  readonly model?: string;
  readonly out?: string;
  readonly data: readonly string[];
  readonly task?: string;
  readonly set: readonly string[];
  readonly explain?: boolean;
  readonly dryRun?: boolean;
  readonly evaluate?: boolean;
  readonly substituteEp?: 'cpu';
  readonly overwrite?: boolean;
}

/** Runs the host passes of a recipe, or tells what they would do, and prints the result. Throws what reading the recipe and converting throw. */
export async function runConvert(argument: string, options: ConvertOptions, context: CommandContext): Promise<void> {
  const { recipe, warnings } = await readLocalRecipe(argument, { task: options.task, set: options.set });
  const { terminal } = context;
  for (const warning of warnings) terminal.error(`warning: ${warning.path}: ${warning.message}`);
  const printer = { output: options.output, terminal };
  if (options.dryRun === true) return print(printer, outlookOf(recipe), outlookText);
  const conversion = await convert(recipe, options, context);
  print(printer, conversion, options.explain === true ? (done) => explainedText(done, recipe) : conversionText);
}

/** One conversion with everything it was told. */
interface Work {
  readonly recipe: Recipe;
  readonly source: string;
  readonly out: string;
  readonly data: ConversionData;
  readonly runtime: InferenceRuntime;
  /** OpenVINO's toolchain, where a pass needs it and this machine has it. */
  readonly openvino: ToolchainPlace | undefined;
  readonly evaluation: EvaluationPlan | null;
  readonly options: ConvertOptions;
  readonly context: CommandContext;
}

/** Everything that can be refused is refused before the first pass. */
async function convert(recipe: Recipe, options: ConvertOptions, context: CommandContext): Promise<Conversion> {
  const missing = firstUnsupportedPass(planConversion(recipe).host);
  if (missing !== undefined) throw new GroveError('unsupported-pass', { type: missing.type, path: missing.path, detail: missing.detail });
  const openvino = await openVinoHere(recipe, context);
  const source = resolve(required('--model', options.model));
  const out = resolve(required('--out', options.out));
  await assertApart(source, out);
  const data = await conversionData(recipe, source, await givenRows(options.data, [recipe]));
  const runtime = await loadOrtNode();
  const evaluation = options.evaluate === true ? await (await evaluator()).planEvaluation(recipe, options.substituteEp, runtime) : null;
  return convertInto(await openOutputDraft(out, options.overwrite === true), {
    recipe,
    source,
    out,
    data,
    runtime,
    openvino,
    evaluation,
    options,
    context,
  });
}

/** Of the agent that would run here: asked only for a recipe that needs it, since reading an agent's configuration costs time. */
async function openVinoHere(recipe: Recipe, { env }: CommandContext): Promise<ToolchainPlace | undefined> {
  if (toolchainNeeded(planConversion(recipe).host) !== 'openvino') return undefined;
  const { localToolchain } = await import('../toolchain/local-toolchain.ts');
  return await localToolchain('openvino', env);
}

function required(option: string, value: string | undefined): string {
  if (value === undefined) throw new GroveError('invalid-argument', { problem: `${option} DIR is needed, except with --dry-run` });
  return value;
}

/** The draft becomes the output before anything is measured: a provider that takes the process down leaves the conversion whole. */
async function convertInto(draft: OutputDraft, work: Work): Promise<Conversion> {
  const { out, recipe, evaluation } = work;
  try {
    const startedAtMs = createSystemClock().now();
    const { exportPath: _none, modelConfig, ...result } = await convertDraft(draft, work);
    const records = {
      modelFolder: out,
      recipe,
      passes: planConversion(recipe).host,
      reports: result.passes,
      model: modelConfig,
      startedAtMs,
    };
    await writeOliveOutput({ ...records, folder: draft.folder, metrics: null });
    work.context.interrupted.throwIfAborted();
    await draft.publish();
    const modelPath = join(out, modelConfig.modelFile);
    const evaluated = evaluation === null ? null : await evaluate({ ...work, ...evaluation, modelPath }, { ...records, folder: out });
    const leftToDevice = evaluated === null ? planConversion(recipe).target.map(({ type }) => type) : [];
    return { ...result, modelPath, leftToDevice, evaluation: evaluated };
  } finally {
    await draft.discard();
  }
}

async function convertDraft(
  draft: OutputDraft,
  { recipe, source, data, runtime, openvino, options, context }: Work,
): Promise<ConvertResult> {
  const display = createConvertDisplay(context.terminal, context.terminal.isInteractive && options.output === 'table');
  try {
    return await convertModel({
      passes: planConversion(recipe).host,
      inputModel: recipe.inputModel,
      source,
      data,
      outFolder: draft.folder,
      exportFolder: null,
      accelerator: recipe.target.accelerator,
      runtime,
      ...(openvino !== undefined && { openvino }),
      signal: context.interrupted,
      onEvent: (event) => display.show(event),
    });
  } finally {
    display.close();
  }
}

type Records = Omit<Parameters<typeof writeOliveOutput>[0], 'metrics' | 'recipe'> & { readonly recipe: Recipe };

/** Loaded when it is asked for: it brings the measuring half of the engine along, a tenth of what starting a conversion costs. */
function evaluator(): Promise<typeof import('./evaluate.ts')> {
  return import('./evaluate.ts');
}

async function evaluate(request: Work & EvaluationPlan & { readonly modelPath: string }, records: Records): Promise<Evaluation> {
  const { evaluateHere, oliveMetricValues, writeEvaluation } = await evaluator();
  const evaluation = await evaluateHere({ ...request, vocabularySize: vocabularySizeOf(records.model) });
  const { recipe, folder } = records;
  const model = { ...records.model, inferenceSettings: evaluation.inferenceSettings };
  await writeEvaluation(folder, evaluation);
  await writeModelConfig(folder, model);
  await writeOliveOutput({ ...records, passes: recipe.passes, model, metrics: oliveMetricValues(evaluation, recipe) });
  return evaluation;
}

function vocabularySizeOf({ modelAttributes }: ModelConfig): number {
  const size = modelAttributes['vocab_size'];
  return typeof size === 'number' && size >= 1 ? size : Number.POSITIVE_INFINITY;
}
