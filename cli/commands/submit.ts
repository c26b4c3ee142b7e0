import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { GroveClient } from '../../api/client.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import { REFERENCE_MODEL_FOLDER } from '../../domain/manifest.ts';
import type { Priority, Tier } from '../../domain/names.ts';
import { formatCondition } from '../../domain/selector/format.ts';
import { parseSelector, readConditions } from '../../domain/selector/parse.ts';
import type { CommandContext } from '../context.ts';
import { coverageOf } from '../coverage-option.ts';
import { EXIT } from '../exit-code.ts';
import { collect, cosine, durationMs, launchCount, present } from '../option-parsers.ts';
import { planText } from '../plan-text.ts';
import { parseDataFile } from '../sources/data-file.ts';
import { findInHubCache, hubCacheFolder } from '../sources/hub-cache.ts';
import { readModelArgument } from '../sources/model-argument.ts';
import { choiceText, isLocalModel, readModelFolder } from '../sources/model-folder.ts';
import { inputModelsOf, readRecipeArgument } from '../sources/recipe-argument.ts';
import { uploadLocalFiles } from '../sources/upload.ts';
import { variantsOf } from '../sources/variants.ts';
import { watchJob } from '../watch/watch-job.ts';
import { clientOf, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface SubmitOptions extends OutputOptions {
  readonly model: readonly string[];
  readonly ep?: string;
  readonly device?: 'cpu' | 'gpu' | 'npu';
  readonly revision?: string;
  readonly data: readonly string[];
  readonly task?: string;
  readonly on: readonly string[];
  readonly where: readonly string[];
  readonly select: readonly string[];
  readonly substituteEp?: 'cpu';
  readonly substituteDevice?: 'cpu' | 'gpu';
  readonly tier: Tier;
  readonly launches?: number;
  readonly priority?: Priority;
  readonly set: readonly string[];
  readonly sweep: readonly string[];
  readonly minCosine?: number;
  readonly reference?: string;
  readonly strict?: boolean;
  readonly withScripts?: boolean;
  readonly waitForDevice?: boolean;
  readonly followFleet?: boolean;
  readonly followFor?: number;
  readonly deadline?: number;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
}

/** `grove submit RECIPE...`: uploads what is local, prints tasks, machines and estimate, and optionally follows the job. */
export const registerSubmit: RegisterCommand = (program, context) => {
  const command = program
    .command('submit <recipe...>')
    .description('submit recipes (files or catalogue names), or a MODEL.onnx with --ep, as one job');
  addSubmitOptions(command);
  command.action(async (recipes: readonly string[], options: SubmitOptions) => {
    const client = await clientOf(command, context);
    const request = await buildRequest({ client, context, recipes, options });
    const answer = await client.submit(request, options.idempotencyKey ?? crypto.randomUUID());
    if (options.output === 'json') context.terminal.out(JSON.stringify(answer, null, 2));
    else {
      context.terminal.out(planText(answer.plan, { withDevices: options.dryRun === true }));
      context.terminal.out(
        answer.jobId === null
          ? 'Dry run: nothing was submitted.'
          : `job ${answer.jobId}${answer.created ? '' : ' (submitted before with this key)'}`,
      );
    }
    if (options.watch === true && answer.jobId !== null) context.exit(await watchJob(client, answer.jobId, context));
    else context.exit(EXIT.ok);
  });
};

function addSubmitOptions(command: Command): void {
  withOutput(command)
    .option(
      '--model <dir|file.onnx|id>',
      'checkpoint folder or ONNX model to upload, or a hub model id (default: the model the recipe names); given again: every recipe with each of them',
      collect,
      [],
    )
    .option('--ep <name>', 'execution provider for a MODEL.onnx in place of a recipe, which is measured as it is')
    .addOption(
      new Option('--device <class>', 'kind of device for a MODEL.onnx (default: what its provider usually runs on)').choices([
        'cpu',
        'gpu',
        'npu',
      ]),
    )
    .option('--revision <revision>', 'revision of a hub model')
    .option(
      '--data <name=file[:columns]>',
      'replace the rows of a data_config by a local file: JSONL, Parquet, CSV, TSV or text (repeatable); columns: text[,pair][,label=column][,group=column]',
      collect,
      [],
    )
    .option('--task <task>', "replace the recipe's task, for example text-classification")
    .option('--on <coverage|device>', 'each-device-model (default), each-device, any, or a device name (repeatable)', collect, [])
    .option(
      '--where <condition>',
      'only devices that have this: driver>=32.0, memory>=16GiB, ep.QNN>=2.1, "pool in (night, day)", !firmware, label=value (repeatable, all must hold)',
      collect,
      [],
    )
    .option(
      '--select <conditions>',
      'a group of devices: conditions as for --where, separated by ";"; given again: every recipe on each group (repeatable)',
      collect,
      [],
    )
    .addOption(new Option('--substitute-ep <ep>', 'run the benchmark session on another execution provider; cells say so').choices(['cpu']))
    .addOption(
      new Option('--substitute-device <class>', "keep the recipe's execution provider and run it on another kind of device; cells say so")
        .choices(['cpu', 'gpu'])
        .conflicts('substituteEp'),
    )
    .addOption(new Option('--tier <tier>', 'how much is measured').choices(['smoke', 'standard', 'ranked']).default('standard'))
    .option('--launches <count>', 'fresh processes that measure, at most 64', launchCount)
    .addOption(
      new Option('--priority <class>', 'who goes first (default: interactive; sweep for several models, --select or --sweep)').choices([
        'urgent',
        'interactive',
        'sweep',
      ]),
    )
    .option('--set <pass.parameter=value>', 'change a parameter of a pass (repeatable)', collect, [])
    .option(
      '--sweep <pass.parameter=value,value>',
      'every recipe once with each value; given again: with each combination (repeatable)',
      collect,
      [],
    )
    .option(
      '--min-cosine <value>',
      "similarity below which outputs count as spoilt (default: the catalogue's, else 0.99, quantized 0.95)",
      cosine,
    )
    .option('--with-scripts', "send the Python files that a recipe's user_script names: they run only where an operator allows it")
    .option('--reference <file.onnx>', 'compare outputs with those of this model, in the place of the export before any later pass')
    .option('--strict', 'refuse a recipe that lint complains about')
    .option('--wait-for-device', 'queue it although no known device can run it')
    .option('--follow-fleet', 'also run on devices that appear, or begin to fit, later')
    .option('--follow-for <duration>', 'how long to follow the fleet, such as 12h or 30d (default: 7d)', durationMs)
    .option('--deadline <duration>', 'stop what has not ended after 90s, 30m, 2h or 1d (default: it waits as long as it takes)', durationMs)
    .option('--idempotency-key <key>', 'submitting again with the same key answers the same job')
    .option('--dry-run', 'print the plan and submit nothing')
    .option('--watch', 'follow the job until it ends');
}

interface RequestSources {
  readonly client: GroveClient;
  readonly context: CommandContext;
  readonly recipes: readonly string[];
  readonly options: SubmitOptions;
}

async function buildRequest({ client, context, recipes, options }: RequestSources): Promise<SubmitRequest> {
  const cwd = process.cwd();
  const { set, sweep, select, task, tier, priority, launches, minCosine, strict, waitForDevice, dryRun, substituteEp, substituteDevice } =
    options;
  const lone = readModelArgument(recipes, options);
  const chosen =
    lone === undefined
      ? await Promise.all(recipes.map((recipe) => readRecipeArgument(recipe, { cwd, withScripts: options.withScripts === true })))
      : [lone.recipe];
  const optional = { task, priority, launches, minCosine, strict, waitForDevice, dryRun, substituteEp, substituteDevice };
  return {
    recipes: chosen,
    on: coverageOf(options.on),
    tier,
    ...present({ ...optional, deadlineMs: options.deadline }),
    ...followOf(options),
    ...(set.length > 0 && { set: [...set] }),
    ...(sweep.length > 0 && { variants: variantsOf(sweep) }),
    ...(select.length > 0 && { selectors: select.map((text) => parseSelector(text).map(formatCondition)) }),
    ...(options.where.length > 0 && { where: readConditions(options.where).map(formatCondition) }),
    ...(await modelOf({ client, options: lone === undefined ? options : { ...options, model: [lone.model] }, context }, chosen)),
    ...(await dataOf(client, options.data, context)),
  };
}

/** A week, for those who say no time. */
const FOLLOW_MS = 7 * 86_400_000;

function followOf({ followFleet, followFor }: SubmitOptions): Pick<SubmitRequest, 'followForMs'> {
  return followFleet === true || followFor !== undefined ? { followForMs: followFor ?? FOLLOW_MS } : {};
}

/** One model as such, several as an axis of a sweep. One after the other: each may be gigabytes. */
async function modelOf(
  { client, options, context }: Omit<RequestSources, 'recipes'>,
  recipes: SubmitRequest['recipes'],
): Promise<Pick<SubmitRequest, 'model' | 'models'>> {
  const models: NonNullable<SubmitRequest['models']> = [];
  for (const model of options.model) models.push(await readModel(model, { client, options, context, recipes }));
  const [first, ...more] = models;
  const { reference } = options;
  if (reference !== undefined) return { model: await withReference(more.length === 0 ? first : undefined, reference, { client, context }) };
  if (first === undefined) return {};
  return more.length === 0 ? { model: first } : { models };
}

/** The model with another one to compare its outputs with. Throws `invalid-argument` unless it is one that is uploaded too. */
async function withReference(
  model: SubmitRequest['model'],
  file: string,
  { client, context: { terminal } }: Pick<RequestSources, 'client' | 'context'>,
): Promise<NonNullable<SubmitRequest['model']>> {
  if (model?.kind !== 'uploaded' || !file.toLowerCase().endsWith('.onnx'))
    throw new GroveError('invalid-argument', { problem: '--reference takes an ONNX file, beside one model that is a folder or file here' });
  const { files } = await readModelFolder(file);
  const own = files.filter(({ path }) => !/\.(?:json|txt|model)$/.test(path));
  const placed = own.map((one) => ({ ...one, path: `${REFERENCE_MODEL_FOLDER}/${basename(one.path)}` }));
  return { ...model, files: { ...model.files, ...(await uploadLocalFiles(client, placed, terminal)) } };
}

/** A folder or ONNX file is uploaded; a hub id that this machine has in its cache is uploaded from there; any other id is left to an agent with hub access. */
async function readModel(
  model: string,
  { client, options: { revision }, context: { terminal, env }, recipes }: Omit<RequestSources, 'recipes'> & Pick<SubmitRequest, 'recipes'>,
): Promise<NonNullable<SubmitRequest['model']>> {
  const folder = (await isLocalModel(model))
    ? model
    : revision === undefined
      ? await findInHubCache(hubCacheFolder(env), model)
      : undefined;
  if (folder === undefined) return { kind: 'hub', modelId: model, ...(revision !== undefined && { revision }) };
  const read = await readModelFolder(folder, inputModelsOf(recipes));
  const { files, synthetic } = read;
  const choice = choiceText(folder, read);
  if (choice !== undefined) terminal.error(choice);
  return { kind: 'uploaded', files: await uploadLocalFiles(client, files, terminal), ...(synthetic && { synthetic }) };
}

async function dataOf(
  client: GroveClient,
  data: readonly string[],
  { terminal }: CommandContext,
): Promise<Pick<SubmitRequest, 'data' | 'dataFiles'>> {
  if (data.length === 0) return {};
  const files = await Promise.all(data.map((argument) => parseDataFile(argument, process.cwd())));
  const entries = files.map(({ name, path, read }) => [name, { path, ...read }]);
  return { data: Object.fromEntries(entries), dataFiles: await uploadLocalFiles(client, files, terminal) };
}
