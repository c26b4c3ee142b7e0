import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findDemoModel } from '../cli/demo/demo-model.ts';
import { CATALOGUE_FOLDER, INSTALLATION_FOLDER } from '../cli/installation.ts';
import type { BenchReport, Figure } from './bench-report.ts';
import { CAN_WATCH_TREES, type TreeUsage, watchTree } from './processes/process-tree.ts';
import { allLines, startNode } from './processes/start-process.ts';
import { median, rangeOf } from './statistics.ts';
import { BENCH_FOLDER, compiled, inFreshFolder } from './work-place.ts';

const RECIPE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json';
const PAIRS = 5;

/**
 * Olive's best whole-process figures for this recipe: Olive of August 2026, ONNX Runtime 1.30, torch CPU, random MiniLM-L6 weights, empty cache, no evaluation,
 * 2 cores (9.1 to 9.3 s). Olive needs Python, so it is not run beside.
 */
const OLIVE = { wallMs: 9_100, peakBytes: 1.11e9 };
const WALL_FACTOR = 10;
const WALL_OVER_FLOOR = 1.5;
const MEMORY_FACTOR = 3;
const MEMORY_OVER_FLOOR_BYTES = 0.15e9;

interface Measured {
  readonly wallMs: number;
  /** Undefined where process trees cannot be watched. */
  readonly usage: TreeUsage | undefined;
}

/** A conversion as a whole process, from and to disk with the check of its result, paired with Node's floor. */
export async function benchConversion(): Promise<BenchReport> {
  const model = await findDemoModel({ given: undefined, workFolder: BENCH_FOLDER, env: {} });
  return inFreshFolder(async (folder) => {
    const convertWith = (recipe: string, run: string): Promise<Measured> =>
      measure([
        join(INSTALLATION_FOLDER, 'bin/grove.js'),
        'convert',
        recipe,
        '--model',
        model.folder,
        '--out',
        join(folder, run),
        '-o',
        'json',
      ]);
    await convertWith(await exportOnlyRecipe(folder), 'export');
    const floor = (run: string): Promise<Measured> =>
      measure([
        compiled('conversion-floor.js'),
        join(model.folder, 'model.safetensors'),
        join(folder, 'export/model.onnx'),
        join(folder, run),
      ]);
    const convert = (run: string): Promise<Measured> => convertWith(RECIPE, run);
    await convert('convert-warm-up');
    await floor('floor-warm-up');
    return reportOf(await inPairs({ convert, floor }));
  });
}

/** The recipe without its float16 passes: the floor infers with plain float32, the cheapest the runtime has on a CPU. */
async function exportOnlyRecipe(folder: string): Promise<string> {
  const recipe = JSON.parse(await readFile(join(CATALOGUE_FOLDER, RECIPE), 'utf8'));
  const { conversion, fixed_shape } = recipe.passes;
  const path = join(folder, 'export-only.json');
  await writeFile(path, JSON.stringify({ ...recipe, passes: { conversion, fixed_shape } }));
  return path;
}

interface Pair {
  readonly convert: Measured;
  readonly floor: Measured;
}

type Sides = { readonly [Side in keyof Pair]: (run: string) => Promise<Measured> };

/** The order within a pair alternates, so that a drift of the machine favours neither side. */
async function inPairs({ convert, floor }: Sides): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let index = 0; index < PAIRS; index++) {
    const first = index % 2 === 0 ? await floor(`floor-${index}`) : undefined;
    const converted = await convert(`convert-${index}`);
    pairs.push({ convert: converted, floor: first ?? (await floor(`floor-${index}`)) });
  }
  return pairs;
}

async function measure(args: readonly string[]): Promise<Measured> {
  const start = performance.now();
  const child = startNode(args, { cwd: INSTALLATION_FOLDER });
  const watch = CAN_WATCH_TREES ? watchTree(child.pid) : undefined;
  const output = Promise.all([allLines(child.stdout), allLines(child.stderr)]);
  const { code } = await child.exited;
  const wallMs = performance.now() - start;
  const usage = watch?.stop();
  const [, errors] = await output;
  if (code !== 0) throw new Error(`${args.slice(0, 2).join(' ')} ended with ${code}: ${errors.slice(-3).join(' | ')}`);
  return { wallMs, usage };
}

function reportOf(pairs: readonly Pair[]): BenchReport {
  return {
    bench: 'conversion',
    setUp: [
      `\`node bin/grove.js convert ${RECIPE}\` on a random checkpoint of the MiniLM-L6 architecture (22.7 M parameters, 91 MB, in the page cache), result written and loaded once`,
      `floor: read 91 MB, touch every weight, one session, ten float32 inferences of 1 x 128 tokens, write 45 MB; ${PAIRS} pairs after one warm-up of each, order alternating`,
    ],
    figures: [...wallFigures(pairs), ...memoryFigures(pairs)],
    notes: CAN_WATCH_TREES ? [] : ['peak memory and CPU time of a process tree are read from /proc: unsupported on this system'],
  };
}

function wallFigures(pairs: readonly Pair[]): readonly Figure[] {
  const wall = summary(
    'convert wall',
    's',
    pairs.map(({ convert }) => convert.wallMs / 1_000),
  );
  const ratio = summary(
    'convert / floor',
    'x',
    pairs.map(({ convert, floor }) => convert.wallMs / floor.wallMs),
  );
  const limit = OLIVE.wallMs / WALL_FACTOR / 1_000;
  const text = `<= ${limit} s (a tenth of Olive's ${OLIVE.wallMs / 1_000} s), or <= ${WALL_OVER_FLOOR} x floor`;
  return [
    { ...wall, target: { text, met: wall.value <= limit || ratio.value <= WALL_OVER_FLOOR } },
    summary(
      'floor wall',
      's',
      pairs.map(({ floor }) => floor.wallMs / 1_000),
    ),
    ratio,
    summary(
      'Olive / convert',
      'x',
      pairs.map(({ convert }) => OLIVE.wallMs / convert.wallMs),
    ),
  ];
}

function memoryFigures(pairs: readonly Pair[]): readonly Figure[] {
  const converts = pairs.flatMap(({ convert }) => convert.usage ?? []);
  const floors = pairs.flatMap(({ floor }) => floor.usage ?? []);
  if (converts.length === 0 || floors.length === 0) return [];
  const peak = summary('convert peak memory, whole tree', 'GB', converts.map(highWaterGb));
  const floorPeak = summary('floor peak memory', 'GB', floors.map(highWaterGb));
  const limit = OLIVE.peakBytes / 1e9 / MEMORY_FACTOR;
  const overFloor = MEMORY_OVER_FLOOR_BYTES / 1e9;
  const text = `<= ${limit.toFixed(2)} GB (a third of Olive's ${OLIVE.peakBytes / 1e9} GB), or <= floor + ${overFloor} GB`;
  return [
    { ...peak, target: { text, met: peak.value <= limit || peak.value <= floorPeak.value + overFloor } },
    summary(
      'convert peak memory, sampled',
      'GB',
      converts.map(({ sampledPeakBytes }) => sampledPeakBytes / 1e9),
    ),
    summary(
      'convert processes',
      '',
      converts.map(({ processes }) => processes),
    ),
    floorPeak,
    summary(
      'convert CPU time',
      's',
      converts.map(({ cpuMs }) => cpuMs / 1_000),
    ),
    summary(
      'floor CPU time',
      's',
      floors.map(({ cpuMs }) => cpuMs / 1_000),
    ),
  ];
}

function highWaterGb({ highWaterBytes }: TreeUsage): number {
  return highWaterBytes / 1e9;
}

function summary(name: string, unit: string, samples: readonly number[]): Figure {
  return { name, unit, value: median(samples), ...rangeOf(samples) };
}
