import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { RecipeList } from '../../api/recipes.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import type { Tier } from '../../domain/names.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { systemRandom } from '../../platform/random.ts';
import { sha256 } from '../../platform/sha256.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { matrixTable } from '../matrix-table.ts';
import { planText } from '../plan-text.ts';
import { readModelFolder } from '../sources/model-folder.ts';
import { uploadLocalFiles } from '../sources/upload.ts';
import { untilStopped } from '../until-stopped.ts';
import { startFarm } from '../up/start-farm.ts';
import { watchJob } from '../watch/watch-job.ts';
import { findDemoModel } from './demo-model.ts';
import { demoVerdict } from './demo-verdict.ts';
import { writeDemoRows } from './synthetic-model.ts';
import { untilAgentIsReady } from './until-agent-is-ready.ts';

/** `grove demo`'s options. */
export interface DemoOptions {
  readonly model?: string;
  readonly port: number;
  readonly redis?: string;
  readonly s3?: string;
  readonly keep?: boolean;
}

/** Few launches of few runs: enough for an interval within the demo's three minutes. */
const DEMO_TIER: Tier = 'smoke';

/** Runs the demo and sets the exit code. Throws what starting a farm, submitting and reading the matrix throw. */
export async function runDemo(options: DemoOptions, context: CommandContext): Promise<void> {
  const { terminal, env } = context;
  const workFolder = join(INSTALLATION_FOLDER, '.grove', 'demo');
  await mkdir(workFolder, { recursive: true });
  // A folder of its own: two demos at once must not share a farm.
  const dataFolder = await mkdtemp(join(workFolder, 'farm-'));
  const model = await findDemoModel({ given: options.model === undefined ? undefined : resolve(options.model), workFolder, env });
  terminal.out(`Model: ${model.origin}.`);
  const rows = join(workFolder, 'rows.jsonl');
  await writeDemoRows(rows);
  const farm = await startFarm(
    {
      // A farm of its own there too.
      ...(options.redis !== undefined && { redis: { url: options.redis, farm: `demo-${systemRandom.token(4)}` } }),
      ...(options.s3 !== undefined && { s3Url: options.s3 }),
      config: { dataFolder, configFile: undefined },
      restPort: options.port,
      grpcPort: 0,
      withAgent: true,
      logLevel: 'error',
    },
    { env: withoutGrove(env) },
  );
  try {
    terminal.out(`Farm: ${farm.url}`);
    const client = createClient({ url: farm.url });
    await untilAgentIsReady(client, context.interrupted);
    const answer = await client.submit(await request(client, { modelFolder: model.folder, rows }, terminal));
    terminal.out(planText(answer.plan));
    if (answer.jobId === null) return;
    await watchJob(client, answer.jobId, context);
    if (context.interrupted.aborted) return context.exit(EXIT.interrupted);
    await showMatrix(client, workFolder, terminal);
    const verdict = demoVerdict(await client.job(answer.jobId));
    terminal.out(verdict.text);
    context.exit(verdict.exitCode);
    if (options.keep !== true) return;
    terminal.out(`Serving ${farm.url} until Ctrl-C.`);
    await untilStopped(farm, context.interrupted);
  } finally {
    await farm.stop('the demo is over');
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** The demo is the same wherever it runs: settings of a farm that this machine also has are not its own. */
function withoutGrove(env: CommandContext['env']): CommandContext['env'] {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('GROVE_') || name.startsWith('GROVE_S3_ACCESS') || name.startsWith('GROVE_S3_SECRET'),
    ),
  );
}

interface DemoInputs {
  readonly modelFolder: string;
  readonly rows: string;
}

/** Every recipe of the catalogue, on the CPU, each data_config fed with the demo's own sentences. */
async function request(
  client: GroveClient,
  { modelFolder, rows }: DemoInputs,
  terminal: CommandContext['terminal'],
): Promise<SubmitRequest> {
  const { recipes } = await client.recipes();
  const { files, synthetic } = await readModelFolder(modelFolder);
  const path = 'data/rows.jsonl';
  const names = await dataConfigNames(client, recipes);
  return {
    recipes: recipes.map(({ recipeId }) => ({ catalogueId: recipeId })),
    model: { kind: 'uploaded', files: await uploadLocalFiles(client, files, terminal) },
    data: Object.fromEntries(names.map((name) => [name, { path }])),
    dataFiles: await uploadLocalFiles(client, [{ path, file: rows, sizeBytes: 0 }], terminal),
    ...(synthetic && { synthetic }),
    on: 'each-device-model',
    substituteEp: 'cpu',
    tier: DEMO_TIER,
  };
}

async function dataConfigNames(client: GroveClient, recipes: RecipeList['recipes']): Promise<readonly string[]> {
  const views = await Promise.all(recipes.map(({ recipeId }) => client.recipe(recipeId)));
  const parsed = views.map(({ recipeId, text }) => parseRecipe(text, { name: recipeId, sha256 }).recipe);
  return [...new Set(parsed.flatMap(({ dataConfigs }) => dataConfigs.map(({ name }) => name)))];
}

async function showMatrix(client: GroveClient, workFolder: string, terminal: CommandContext['terminal']): Promise<void> {
  terminal.out(matrixTable(await client.matrix(), terminal.columns));
  const page = join(workFolder, 'matrix.html');
  await writeFile(page, await client.matrixText('html'));
  terminal.out(`Matrix page: ${client.url}/ while the farm runs (--keep); kept as ${pathToFileURL(page).href}`);
}
