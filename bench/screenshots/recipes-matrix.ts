import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { createClient, type GroveClient } from '../../api/client.ts';
import { findDemoModel } from '../../cli/demo/demo-model.ts';
import { writeDemoRows } from '../../cli/demo/synthetic-model.ts';
import { untilAgentIsReady } from '../../cli/demo/until-agent-is-ready.ts';
import type { DeviceProfile } from '../../domain/device.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { sha256 } from '../../platform/sha256.ts';

/**
 * `npm run docs:recipes-matrix -- --wheel onnxruntime_qnn-....whl --toolchain-wheels DIR`: a farm of this machine with the named provider packages and OpenVINO's toolchain, every
 * recipe of the catalogue on it, as it is where a device fits, else on another device of its provider, and on the CPU's provider in its place, and pictures of a cell (docs/cell.png) and of the matrix: docs/recipes-matrix.png, or docs/matrix.png without further packages.
 * Needs a build and Chromium.
 */

const GROVE = join(INSTALLATION_FOLDER, 'bin', 'grove.js');
const PICTURES = join(INSTALLATION_FOLDER, 'docs');
const PORT = 4_790;
const MAX_TRIES = 120;
const RETRY_MS = 500;
const VIEWPORT = { width: 1_500, height: 900 };

interface Options {
  readonly wheel: readonly string[];
  readonly model: string | undefined;
  /** Folder of OpenVINO's wheels; without it the farm has no toolchain. */
  readonly toolchainWheels: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: { wheel: { type: 'string', multiple: true, default: [] }, model: { type: 'string' }, 'toolchain-wheels': { type: 'string' } },
  });
  return { wheel: values.wheel, model: values.model, toolchainWheels: values['toolchain-wheels'] };
}

/** The command line of a farm that keeps everything below `folder`. */
function groveIn(folder: string) {
  const env = { ...process.env, GROVE_DATA: join(folder, 'data'), GROVE_URL: `http://127.0.0.1:${PORT}` };
  const start: Start = (...words) => spawn(process.execPath, [GROVE, ...words], { env, stdio: 'inherit' });
  return { start, run: async (...words: readonly string[]) => exitOf(start(...words)) };
}

type Start = (...words: readonly string[]) => ChildProcess;

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

async function stopped(farm: ChildProcess): Promise<void> {
  const end = exitOf(farm);
  farm.kill('SIGTERM');
  await end;
}

/** Throws what the last try threw. */
async function untilServing(client: GroveClient): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await client.agents();
      return;
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
      await setTimeout(RETRY_MS);
    }
  }
}

/** Recipes in turn, so that no conversion runs beside a benchmark that another recipe waits for. */
async function runRecipes(client: GroveClient, { model, rows, run }: RecipeInputs): Promise<void> {
  const { agents } = await client.agents();
  const profiles = agents.flatMap(({ devices }) => devices.map(({ profile }) => profile));
  for (const { recipeId } of (await client.recipes()).recipes) {
    const { text } = await client.recipe(recipeId);
    const { recipe } = parseRecipe(text, { name: recipeId, sha256 });
    const data = recipe.dataConfigs.flatMap(({ name }) => ['--data', `${name}=${rows}`]);
    const submit = ['submit', recipeId, '--model', model, ...data, '--tier', 'smoke', '--watch'];
    // A job that ends badly is a cell like any other.
    for (const place of placesOf(recipe, profiles)) await run(...submit, ...place);
  }
}

/** Options of each submit of a recipe. A model that is wrapped for one provider runs on no other. */
function placesOf({ target, passes }: Recipe, profiles: readonly DeviceProfile[]): readonly (readonly string[])[] {
  const classes = profiles.flatMap((profile) => (profile.eps.some(({ name }) => name === target.ep) ? [profile.class] : []));
  const own = classes.includes(target.device) ? [] : classes.flatMap((kind) => (kind === 'npu' ? [] : ['--substitute-device', kind]));
  const isBound = passes.some(({ type }) => type === 'OpenVINOEncapsulation');
  return [...(classes.length > 0 ? [own] : []), ...(isBound && classes.length > 0 ? [] : [['--substitute-ep', 'cpu']])];
}

/** Id of a cell with a number. */
async function measuredCell(client: GroveClient): Promise<string> {
  const cell = (await client.matrix()).cells.flat().find((one) => one !== null && one.p50Ms !== null);
  if (cell == null) throw new Error('nothing was measured');
  return cell.id;
}

interface RecipeInputs {
  readonly model: string;
  readonly rows: string;
  readonly run: (...words: readonly string[]) => Promise<unknown>;
}

async function takePictures(url: string, { cellId, matrix }: { readonly cellId: string; readonly matrix: string }): Promise<void> {
  const executablePath = process.env['GROVE_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] });
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.goto(url);
  await page.getByRole('grid').waitFor();
  await page.screenshot({ path: join(PICTURES, matrix) });
  await page.goto(new URL(`/cells/${cellId}`, url).href);
  await page.locator('.charts canvas').first().waitFor();
  await page.screenshot({ path: join(PICTURES, 'cell.png') });
  await browser.close();
}

const { wheel, model: given, toolchainWheels } = readOptions();
const folder = await mkdtemp(join(tmpdir(), 'grove-matrix-'));
const workFolder = join(INSTALLATION_FOLDER, '.grove', 'demo');
await mkdir(workFolder, { recursive: true });
const { folder: model } = await findDemoModel({ given, workFolder, env: {} });
const rows = join(folder, 'rows.jsonl');
await writeDemoRows(rows);
const grove = groveIn(folder);
for (const file of wheel) await grove.run('ep', 'add', file);
if (toolchainWheels !== undefined) await grove.run('toolchain', 'install', 'openvino', '--wheels', toolchainWheels);
const farm = grove.start('up', '--port', String(PORT), '--agent-port', String(PORT + 1));
try {
  const client = createClient({ url: `http://127.0.0.1:${PORT}` });
  await untilServing(client);
  await untilAgentIsReady(client, new AbortController().signal);
  await runRecipes(client, { model, rows, run: grove.run });
  const matrix = wheel.length === 0 ? 'matrix.png' : 'recipes-matrix.png';
  await takePictures(`http://127.0.0.1:${PORT}/`, { cellId: await measuredCell(client), matrix });
} finally {
  await stopped(farm);
  await rm(folder, { recursive: true, force: true });
}
