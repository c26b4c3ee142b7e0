import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { type Measured, measureProcess } from '../processes/measure-process.ts';
import { OLIVE_ENVIRONMENT, PARITY_SOURCES, type Python, runProgram } from './environment.ts';
import { forOlive, recipeFor, withPreparedGraph } from './recipes.ts';
import { INTERMEDIATE_PASSES, oliveFolder, oliveIntermediate, type Subject } from './subjects.ts';

/** Olive has dozens of threads, and every sample asks each of them for children. */
const SAMPLE_MS = 50;

const reportSchema = z.object({ config: z.string(), error: z.string().nullable() });
const footprintSchema = z.record(
  z.string(),
  z.object({
    from_pass: z.string().nullish(),
    model_config_data: z.object({ config: z.object({ model_path: z.string().nullish() }).nullish() }).nullish(),
  }),
);

/** Runs Olive as its user does, as a process of its own with an empty cache, and measures it. */
export async function measureOlive(python: Python, subject: Subject): Promise<Measured> {
  const config = await prepare(subject);
  const measured = await measureProcess({
    file: python.file,
    args: ['-m', 'olive', 'run', '--config', config],
    cwd: INSTALLATION_FOLDER,
    env: OLIVE_ENVIRONMENT,
    sampleMs: SAMPLE_MS,
  });
  await keep(subject);
  return measured;
}

/** Runs Olive for many subjects in one process. Throws with the first subject that it could not convert. */
export async function runOlive(python: Python, subjects: readonly Subject[]): Promise<void> {
  if (subjects.length === 0) return;
  const configs = await Promise.all(subjects.map(prepare));
  const lines = await runProgram(python.file, [join(PARITY_SOURCES, 'run_workflows.py'), ...configs]);
  for (const { config, error } of lines.filter((line) => line.startsWith('{"config"')).map((line) => reportSchema.parse(JSON.parse(line))))
    if (error !== null) throw new Error(`${config}: ${error}`);
  for (const subject of subjects) await keep(subject);
}

/** Writes the workflow into a folder that holds nothing of an earlier run. */
async function prepare(subject: Subject): Promise<string> {
  const { model, recipe, task, prepared } = subject;
  const folder = oliveFolder(subject);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const document = await recipeFor(recipe, model, task);
  const places = { model: model.folder, rows: model.rows, output: join(folder, 'output'), cache: join(folder, 'cache') };
  const config = join(folder, 'workflow.json');
  await writeFile(config, JSON.stringify(forOlive(prepared ? withPreparedGraph(document) : document, places), null, 2));
  return config;
}

/** Keeps the results between passes that the comparison needs, and drops the cache. */
async function keep(subject: Subject): Promise<void> {
  const folder = oliveFolder(subject);
  const footprint = footprintSchema.parse(JSON.parse(await readFile(join(folder, 'output', 'footprint.json'), 'utf8')));
  for (const pass of INTERMEDIATE_PASSES) {
    const node = Object.values(footprint).find(({ from_pass }) => from_pass === pass);
    const path = node?.model_config_data?.config?.model_path;
    if (typeof path !== 'string') continue;
    const target = dirname(oliveIntermediate(subject, pass));
    await cp(path.endsWith('.onnx') ? dirname(path) : path, target, { recursive: true });
  }
  await rm(join(folder, 'cache'), { recursive: true, force: true });
}
