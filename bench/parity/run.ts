import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { ENGINE_ORT_VERSION } from '../../domain/constants.ts';
import { readModelFile } from '../../engine/onnx/read.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { describeMachine } from '../machine.ts';
import { countOperators, exists, findPython, PARITY_FOLDER, type Python } from './environment.ts';
import { measureGrove, quantizeOlivesGraph, refusalOf } from './grove.ts';
import { compareLatency } from './latency.ts';
import { summarizeModel } from './model-summary.ts';
import { minilmRandom, type ParityModel, TINY_BERT, tinyCrossEncoder } from './models.ts';
import { runOlive } from './olive.ts';
import { compareRanking, compareSimilarity } from './output-quality.ts';
import { renderParityPage } from './page.ts';
import { QUANTIZING, RECIPE_LABELS, type RecipeLabel, type Task } from './recipes.ts';
import type { Failure, LatencyResult, ParityResult } from './result.ts';
import { quantizeWithGrovesRanges, sameRangesModel } from './same-ranges.ts';
import { compareCalibration } from './same-runtime.ts';
import { measureSpeed, type SpeedResult } from './speed.ts';
import { compareStructure, readExplanations, type StructureResult } from './structure.ts';
import { groveModel, oliveModel, type Subject, subjectKey } from './subjects.ts';

/**
 * `npm run parity`: converts the same models with Olive and with Grove, compares the results, and writes `docs/parity.md` and the summaries that CI compares
 * without Python. With `--reuse` what an earlier run left of Olive's is taken as it is.
 */

/** Questions scored by a model whose scores mean nothing, and by one whose scores do. */
const FEW_QUESTIONS = 12;
const ALL_QUESTIONS = 126;

interface Options {
  readonly reuse: boolean;
  readonly recipes: readonly RecipeLabel[];
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { reuse: { type: 'boolean', default: false } } });
  const recipes = RECIPE_LABELS.filter((label) => positionals.length === 0 || positionals.includes(label));
  const unknown = positionals.filter((label) => !RECIPE_LABELS.some((known) => known === label));
  if (unknown.length > 0) throw new Error(`usage: npm run parity -- [--reuse] [${RECIPE_LABELS.join('|')}]...`);
  return { ...values, recipes };
}

/** Every conversion, in the order of the page. */
function subjectsOf(models: readonly ParityModel[], recipes: readonly RecipeLabel[]): readonly Subject[] {
  const of = (model: ParityModel, task: Task, labels: readonly RecipeLabel[], prepared: boolean): readonly Subject[] =>
    labels.map((recipe) => ({ model, recipe, task, prepared }));
  const quantizing = recipes.filter((label) => QUANTIZING.includes(label));
  return models.flatMap((model) => [
    ...of(model, 'feature-extraction', recipes, false),
    ...(model === TINY_BERT ? [] : of(model, 'text-classification', recipes, false)),
    ...of(model, 'feature-extraction', quantizing, true),
  ]);
}

async function runParity({ reuse, recipes }: Options): Promise<ParityResult> {
  const data = process.env['GROVE_TEST_DATA'];
  if (data === undefined) throw new Error('GROVE_TEST_DATA must name the folder of the larger test data');
  await mkdir(PARITY_FOLDER, { recursive: true });
  const python = await findPython(process.env);
  const machine = await describeMachine(PARITY_FOLDER);
  const models = [await minilmRandom(data, python), await tinyCrossEncoder(data, PARITY_FOLDER), TINY_BERT];
  const subjects = subjectsOf(models, recipes);
  say(`${subjects.length} conversions with Olive`);
  await runOlive(python, reuse ? await missing(subjects) : subjects);
  await writeSummaries(subjects);
  say('the same with Grove');
  const { done, failures } = await convertAll(subjects);
  const explanations = await readExplanations();
  const structures = await inOrder(done, (subject) => compareStructure(subject, explanations));
  const prepared = done.filter((subject) => subject.prepared);
  await quantizeWithGrovesRanges(python, prepared);
  const sameRanges = await inOrder(prepared, (subject) => compareStructure(subject, explanations, sameRangesModel(subject)));
  const calibrations = await compareCalibration(python, prepared);
  await checkReader(python, structures);
  say('outputs');
  const judged = done.filter(({ model, prepared }) => model !== TINY_BERT && !prepared);
  const extractors = judged.filter(({ task }) => task === 'feature-extraction');
  const similarities = await inOrder(extractors, (subject) => compareSimilarity(subject, data));
  const rankers = judged.filter(({ task }) => task === 'text-classification');
  const rankings = await inOrder(rankers, (subject) => compareRanking(subject, data, questionsFor(subject)));
  const timed = extractors.filter(({ model }) => model.name === 'minilm-l6-random');
  say('latency');
  const latencies = await measureLatencies(timed);
  say('speed');
  const speeds = await inOrder(timed, (subject) => speedOf(python, subject, reuse));
  const versions = { ...python.versions, 'onnxruntime-node': ENGINE_ORT_VERSION };
  const day = new Date().toISOString().slice(0, 10);
  return {
    day,
    machine,
    versions,
    reused: reuse,
    failures,
    structures,
    sameRanges,
    calibrations,
    similarities,
    rankings,
    latencies,
    speeds,
  };
}

function questionsFor({ model }: Subject): number {
  return model.name === 'tiny-cross-encoder' ? ALL_QUESTIONS : FEW_QUESTIONS;
}

/** Subjects that no earlier run has Olive's result of. */
async function missing(subjects: readonly Subject[]): Promise<readonly Subject[]> {
  const present = await Promise.all(subjects.map((subject) => exists(oliveModel(subject))));
  return subjects.filter((_, index) => present[index] === false);
}

/** One that Grove refuses is reported and left out of what follows. */
async function convertAll(
  subjects: readonly Subject[],
): Promise<{ readonly done: readonly Subject[]; readonly failures: readonly Failure[] }> {
  const done: Subject[] = [];
  const failures: Failure[] = [];
  for (const subject of subjects) {
    try {
      await (subject.prepared ? quantizeOlivesGraph(subject) : measureGrove(subject));
      done.push(subject);
    } catch (error) {
      const problem = refusalOf(error);
      if (problem === undefined) throw error;
      failures.push({ subject, problem });
    }
  }
  return { done, failures };
}

/** Throws unless the onnx package counts the same operators in both results as Grove's reader: a fault of the reader could hide a difference. */
async function checkReader(python: Python, structures: readonly StructureResult[]): Promise<void> {
  const read = structures.flatMap(({ subject, olive, grove }) => [
    [oliveModel(subject), olive] as const,
    [groveModel(subject), grove] as const,
  ]);
  const counted = await countOperators(
    python,
    read.map(([path]) => path),
  );
  for (const [path, { operators }] of read) {
    const ours = Object.fromEntries(Object.entries(operators).map(([name, { count }]) => [name, count]));
    if (!isDeepStrictEqual(ours, counted[path])) throw new Error(`the onnx package counts other operators than Grove in ${path}`);
  }
}

async function measureLatencies(subjects: readonly Subject[]): Promise<readonly LatencyResult[]> {
  const against = async (subject: Subject, path: string, isControl: boolean): Promise<LatencyResult> => ({
    subject,
    isControl,
    ratio: await compareLatency(oliveModel(subject), path),
  });
  const control = await inOrder(subjects.slice(0, 1), (subject) => against(subject, oliveModel(subject), true));
  return [...control, ...(await inOrder(subjects, (subject) => against(subject, groveModel(subject), false)))];
}

async function speedOf(python: Python, subject: Subject, reuse: boolean): Promise<SpeedResult> {
  const path = join(PARITY_FOLDER, `speed-${subjectKey(subject)}.json`);
  if (reuse && (await exists(path))) return { subject, rounds: JSON.parse(await readFile(path, 'utf8')) };
  const result = await measureSpeed(python, subject);
  await writeFile(path, JSON.stringify(result.rounds));
  return result;
}

async function inOrder<T>(subjects: readonly Subject[], work: (subject: Subject) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (const subject of subjects) results.push(await work(subject));
  return results;
}

/** What CI compares: Olive's results of the recipes as they are. Weights of the big model are made with Python, so CI knows only its structure. */
async function writeSummaries(subjects: readonly Subject[]): Promise<void> {
  const folder = join(INSTALLATION_FOLDER, 'test', 'parity', 'summaries');
  await mkdir(folder, { recursive: true });
  for (const subject of subjects.filter(({ prepared, task }) => !prepared && task === 'feature-extraction')) {
    const { values, ...structure } = summarizeModel(await readModelFile(oliveModel(subject)));
    const summary = subject.model.name === 'minilm-l6-random' ? structure : { ...structure, values };
    await writeFile(join(folder, `${subject.model.name}-${subject.recipe}.json`), summaryText(summary));
  }
}

/** A line a member, so that a change shows as a small difference; pairs of numbers on one. */
function summaryText(summary: unknown): string {
  return `${JSON.stringify(summary, null, 1).replaceAll(/\[\s+([^[\]]*?)\s+\]/g, (_, inner: string) => `[${inner.replaceAll(/\s+/g, ' ')}]`)}\n`;
}

function say(what: string): void {
  console.error(`parity: ${what} ...`);
}

try {
  const result = await runParity(readOptions());
  await writeFile(join(INSTALLATION_FOLDER, 'docs', 'parity.md'), renderParityPage(result));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
