import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDemoModel } from '../cli/demo/demo-model.ts';
import { writeDemoRows } from '../cli/demo/synthetic-model.ts';
import { CATALOGUE_FOLDER, INSTALLATION_FOLDER } from '../platform/installation.ts';
import type { BenchReport, Figure } from './bench-report.ts';
import { type Measured, measureProcess } from './processes/measure-process.ts';
import { CAN_WATCH_TREES, type TreeUsage } from './processes/process-tree.ts';
import { median, rangeOf } from './statistics.ts';
import { BENCH_FOLDER, compiled, inFreshFolder } from './work-place.ts';

const MODEL = 'ms-marco-MiniLM-L-6-v2';
const ROUNDS = 5;

/** A recipe with Olive's best whole-process figures for it. */
interface BenchedRecipe {
  readonly title: string;
  readonly file: string;
  /** The data_config whose rows the conversion reads. */
  readonly data?: string;
  readonly olive: { readonly wallMs: number; readonly peakBytes: number };
}

/**
 * Olive's figures: Olive of August 2026, ONNX Runtime 1.30, torch CPU, random MiniLM-L6 weights, empty cache, no evaluation, 2 cores; the best of several runs.
 * Olive needs Python, so it is not run beside; `npm run parity` does that.
 */
const RECIPES: readonly BenchedRecipe[] = [
  { title: 'AMD', file: `${MODEL}_qdq_amd.json`, data: 'quantization_data_config', olive: { wallMs: 13_900, peakBytes: 1.81e9 } },
  { title: 'QNN', file: `${MODEL}_qdq_qnn.json`, data: 'quantization_data_config', olive: { wallMs: 12_300, peakBytes: 1.41e9 } },
  { title: 'TensorRT-RTX', file: `${MODEL}_trtrtx.json`, olive: { wallMs: 9_100, peakBytes: 1.11e9 } },
  { title: 'DirectML', file: `${MODEL}_dml.json`, olive: { wallMs: 7_200, peakBytes: 1.07e9 } },
];

/** Budgets of a conversion: one of the two in each row has to be kept. */
export const BUDGET = {
  /** How many times faster than Olive, or how many times the floor at most. */
  wall: { factor: 10, overFloor: 1.5 },
  /** Which part of Olive's memory at most, or how much more than the floor at most. */
  memory: { factor: 3, overFloorBytes: 0.15e9 },
} as const;

/** One conversion of each recipe, in the order of {@link RECIPES}, beside one floor. */
interface Round {
  readonly floor: Measured;
  readonly converts: readonly Measured[];
}

/** Conversions as whole processes, from and to disk with the check of their result, each round beside Node's floor. */
export async function benchConversion(): Promise<BenchReport> {
  const model = await findDemoModel({ given: undefined, workFolder: BENCH_FOLDER, env: {} });
  return inFreshFolder(async (folder) => {
    const place: Place = { folder, model: model.folder, rows: join(folder, 'rows.jsonl') };
    await writeDemoRows(place.rows);
    await convert(place, { recipe: await exportOnlyRecipe(folder), out: 'export' });
    await round(place, 0);
    const rounds: Round[] = [];
    for (let index = 0; index < ROUNDS; index++) rounds.push(await round(place, index));
    return reportOf(rounds);
  });
}

interface Place {
  readonly folder: string;
  readonly model: string;
  readonly rows: string;
}

interface Conversion {
  readonly recipe: string;
  readonly out: string;
  readonly data?: string;
}

/** The order rotates from round to round, so that a drift of the machine favours nobody. */
async function round(place: Place, index: number): Promise<Round> {
  const subjects: readonly (BenchedRecipe | 'floor')[] = ['floor', ...RECIPES];
  const measured = new Map<BenchedRecipe | 'floor', Measured>();
  for (let turn = 0; turn < subjects.length; turn++) {
    const subject = subjects[(turn + index) % subjects.length] ?? 'floor';
    measured.set(subject, await (subject === 'floor' ? floor(place) : convertRecipe(place, subject)));
  }
  const of = (subject: BenchedRecipe | 'floor'): Measured => {
    const one = measured.get(subject);
    if (one === undefined) throw new Error('a round measures every subject');
    return one;
  };
  return { floor: of('floor'), converts: RECIPES.map(of) };
}

function convertRecipe(place: Place, { file, data }: BenchedRecipe): Promise<Measured> {
  return convert(place, { recipe: `${MODEL}/${file}`, out: 'converted', ...(data !== undefined && { data }) });
}

function convert({ folder, model, rows }: Place, { recipe, out, data }: Conversion): Promise<Measured> {
  const args = ['convert', recipe, '--model', model, '--out', join(folder, out), '-o', 'json'];
  if (data !== undefined) args.push('--data', `${data}=${rows}`);
  return measureNode([join(INSTALLATION_FOLDER, 'bin/grove.js'), ...args]);
}

function floor({ folder, model }: Place): Promise<Measured> {
  return measureNode(floorArguments({ checkpoint: model, model: join(folder, 'export/model.onnx'), result: join(folder, 'floor-result') }));
}

/** Arguments of Node for the floor: a checkpoint folder to read, its float32 export to run, and the file to write. */
export function floorArguments({ checkpoint, model, result }: { checkpoint: string; model: string; result: string }): readonly string[] {
  return [compiled('conversion-floor.js'), join(checkpoint, 'model.safetensors'), model, result];
}

function measureNode(args: readonly string[]): Promise<Measured> {
  return measureProcess({ file: process.execPath, args, cwd: INSTALLATION_FOLDER });
}

/** The recipe without its float16 passes: the floor infers with plain float32, the cheapest the runtime has on a CPU. */
async function exportOnlyRecipe(folder: string): Promise<string> {
  const recipe = JSON.parse(await readFile(join(CATALOGUE_FOLDER, MODEL, `${MODEL}_trtrtx.json`), 'utf8'));
  const { conversion, fixed_shape } = recipe.passes;
  const path = join(folder, 'export-only.json');
  await writeFile(path, JSON.stringify({ ...recipe, passes: { conversion, fixed_shape } }));
  return path;
}

function reportOf(rounds: readonly Round[]): BenchReport {
  const floors = rounds.map((one) => one.floor);
  return {
    bench: 'conversion',
    setUp: [
      '`node bin/grove.js convert` of the four recipes on a random checkpoint of the MiniLM-L6 architecture (22.7 M parameters, 91 MB, in the page cache), calibrated with ten sentences; result written and loaded once',
      `floor: read 91 MB, touch every weight, one session, ten float32 inferences of 1 x 128 tokens, write 45 MB; ${ROUNDS} rounds of floor and recipes after one to warm up, order rotating; ratios are taken round by round`,
    ],
    figures: [
      ...RECIPES.flatMap((recipe, index) => {
        const converts = rounds.map((one) => one.converts[index] ?? one.floor);
        return [...wallFigures(recipe, converts, floors), ...memoryFigures(recipe, converts, floors)];
      }),
      summary('floor wall', 's', seconds(floors)),
      ...usageFigures('floor', floors),
    ],
    notes: CAN_WATCH_TREES ? [] : ['peak memory and CPU time of a process tree are read from /proc: unsupported on this system'],
  };
}

function wallFigures({ title, olive }: BenchedRecipe, converts: readonly Measured[], floors: readonly Measured[]): readonly Figure[] {
  const wall = summary(`${title} wall`, 's', seconds(converts));
  const ratio = summary(
    `${title} / floor`,
    'x',
    converts.map(({ wallMs }, index) => wallMs / (floors[index]?.wallMs ?? Number.NaN)),
  );
  const { factor, overFloor } = BUDGET.wall;
  const limit = olive.wallMs / factor / 1_000;
  const text = `<= ${limit.toFixed(2)} s (Olive's ${olive.wallMs / 1_000} s / ${factor}), or <= ${overFloor} x floor`;
  return [{ ...wall, target: { text, met: wall.value <= limit || ratio.value <= overFloor } }, ratio];
}

function memoryFigures({ title, olive }: BenchedRecipe, converts: readonly Measured[], floors: readonly Measured[]): readonly Figure[] {
  const [peak, ...others] = usageFigures(title, converts);
  const [floorPeak] = usageFigures('floor', floors);
  if (peak === undefined || floorPeak === undefined) return [];
  const { factor, overFloorBytes } = BUDGET.memory;
  const limit = olive.peakBytes / 1e9 / factor;
  const text = `<= ${limit.toFixed(2)} GB (Olive's ${olive.peakBytes / 1e9} GB / ${factor}), or <= floor + ${overFloorBytes / 1e9} GB`;
  return [{ ...peak, target: { text, met: peak.value <= limit || peak.value <= floorPeak.value + overFloorBytes / 1e9 } }, ...others];
}

/** Peak memory first; nothing where process trees cannot be watched. */
function usageFigures(title: string, measured: readonly Measured[]): readonly Figure[] {
  const usages = measured.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return [];
  const figure = (name: string, unit: string, pick: (usage: TreeUsage) => number): Figure =>
    summary(`${title} ${name}`, unit, usages.map(pick));
  return [
    figure('peak memory, whole tree', 'GB', ({ highWaterBytes }) => highWaterBytes / 1e9),
    figure('peak memory, sampled', 'GB', ({ sampledPeakBytes }) => sampledPeakBytes / 1e9),
    figure('CPU time', 's', ({ cpuMs }) => cpuMs / 1_000),
  ];
}

function seconds(measured: readonly Measured[]): readonly number[] {
  return measured.map(({ wallMs }) => wallMs / 1_000);
}

function summary(name: string, unit: string, samples: readonly number[]): Figure {
  return { name, unit, value: median(samples), ...rangeOf(samples) };
}
