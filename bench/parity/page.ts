import { BUDGET } from '../conversion.ts';
import { median } from '../statistics.ts';
import { LIMITS } from './budgets.ts';
import type { JudgedDifference } from './compare-summaries.ts';
import { LATENCY_METHOD } from './latency.ts';
import type { ModelSummary } from './model-summary.ts';
import type { RankResult, SimilarityResult } from './output-quality.ts';
import { RECIPE_TITLES } from './recipes.ts';
import type { LatencyResult, ParityResult } from './result.ts';
import type { CalibrationResult } from './same-runtime.ts';
import type { SpeedResult, SpeedRound } from './speed.ts';
import type { StructureResult } from './structure.ts';
import type { Subject } from './subjects.ts';

type Row = readonly string[];

/** `docs/parity.md`: what was run, what was asked and what came out. */
export function renderParityPage(result: ParityResult): string {
  const sections = [
    introduction(result),
    setUp(result),
    failures(result),
    structure(result.structures),
    differences(result.structures),
    quantizers(result),
    endToEnd(result.structures),
    similarity(result.similarities),
    ranking(result.rankings),
    latency(result.latencies),
    speed(result.speeds),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function introduction({ day, reused }: ParityResult): string {
  return [
    '# Parity with Olive',
    '',
    '<!-- Written by `npm run parity`. Do not edit. -->',
    '',
    `Measured on ${day}. The four recipes that Grove converts itself, converted by Olive's reference stack and by \`grove convert\` from the same checkpoints and calibration rows, and`,
    "compared. CI repeats the comparison of structure and numbers without Python, against summaries of Olive's results in `test/parity/summaries/`.",
    ...(reused ? ['', "Olive's results and times are those of an earlier run on this machine."] : []),
  ].join('\n');
}

function setUp({ machine, versions }: ParityResult): string {
  const machineRows = Object.entries(machine).map(([name, value]): Row => [name, String(value)]);
  const versionRows = Object.entries(versions).map(([name, value]): Row => [name, value]);
  return [
    '## Set-up',
    '',
    table(['what', 'value'], [...versionRows, ...machineRows]),
    '',
    '- **minilm-l6-random**: seeded random weights of the exact architecture of the model the recipes are for, with its real tokenizer. **tiny-cross-encoder**: a small trained',
    "  ranker. Both from the larger test data. **tiny-bert**: the checkpoint in `test/fixtures/`, which CI has everywhere; its sequences are 64 long, the others' 128.",
    '- Calibration: rows 0 to 9 of the English validation split of XNLI (tiny-bert: ten sentences of its own vocabulary).',
    '- Olive runs the recipe as it is but for local paths, no evaluation, no telemetry and no tuning pass, which would run on the device and leaves the file alone.',
    '- To repeat it: `GROVE_TEST_DATA=FOLDER npm run parity` with `GROVE_PARITY_PYTHON` naming a Python that has `bench/parity/requirements.txt`; without it the run makes a virtual',
    '  environment in `.grove/parity/venv`. It takes about a quarter of an hour.',
  ].join('\n');
}

function failures({ failures: all }: ParityResult): string {
  if (all.length === 0) return '';
  return [
    '## Not converted by Grove',
    '',
    table(
      [...SUBJECT_HEAD, 'why'],
      all.map(({ subject, problem }) => [...subjectCells(subject), problem]),
    ),
  ].join('\n');
}

const SUBJECT_HEAD: Row = ['recipe', 'model', 'task'];

function subjectCells({ recipe, model, task, prepared }: Subject): Row {
  return [RECIPE_TITLES[recipe], model.name, prepared ? 'quantizer alone' : task];
}

function structure(all: readonly StructureResult[]): string {
  const whole = all.filter(({ subject }) => !subject.prepared);
  const rows = whole.map(({ subject, olive, grove, differences: found, constants }): Row => {
    const unexplained = found.filter(({ because }) => because === undefined).length;
    return [
      ...subjectCells(subject),
      `${nodeCount(olive)} / ${nodeCount(grove)}`,
      sameOperators(olive, grove) ? 'equal' : 'differ',
      sameWiring(olive, grove) ? 'equal' : 'differ',
      `${Object.keys(olive.placement).length} / ${Object.keys(grove.placement).length}`,
      `${constants.equal} of ${constants.total}`,
      `${found.length - unexplained} explained, ${unexplained === 0 ? 'none' : `**${unexplained}**`} unexplained`,
    ];
  });
  return [
    '## Structure',
    '',
    "Nodes and quantized tensors of Olive's result / of Grove's. *Operators*: the histograms, domains included. *Wiring*: every node reads and writes tensors of the same names in the same",
    'order and has the same attributes. *Constants*: initializers of the same name and bytes (weights, quantized weights and biases, shapes; scales and zero points are compared below).',
    '',
    table([...SUBJECT_HEAD, 'nodes', 'operators', 'wiring', 'quantized tensors', 'equal constants', 'other differences'], rows),
  ].join('\n');
}

function nodeCount({ operators }: ModelSummary): number {
  return Object.values(operators).reduce((sum, { count }) => sum + count, 0);
}

function sameOperators(olive: ModelSummary, grove: ModelSummary): boolean {
  const text = ({ operators }: ModelSummary): string => JSON.stringify(Object.entries(operators).map(([name, { count }]) => [name, count]));
  return text(olive) === text(grove);
}

function sameWiring(olive: ModelSummary, grove: ModelSummary): boolean {
  return JSON.stringify(olive.operators) === JSON.stringify(grove.operators);
}

/** The same difference in several subjects is one row. */
function differences(all: readonly StructureResult[]): string {
  const grouped = new Map<string, { readonly difference: JudgedDifference; readonly recipes: Set<string>; count: number }>();
  for (const { subject, differences: found } of all) {
    for (const difference of found) {
      const key = difference.because ?? `${difference.aspect} ${difference.key}`;
      const row = grouped.get(`${difference.aspect} ${key}`) ?? { difference, recipes: new Set<string>(), count: 0 };
      row.recipes.add(RECIPE_TITLES[subject.recipe]);
      row.count += 1;
      grouped.set(`${difference.aspect} ${key}`, row);
    }
  }
  const rows = [...grouped.values()].map(
    ({ difference, recipes, count }): Row => [
      difference.aspect,
      `\`${difference.key}\`${count > recipes.size ? ` (${count} in all)` : ''}`,
      [...recipes].join(', '),
      difference.olive,
      difference.grove,
      difference.because ?? '**unexplained**',
    ],
  );
  return [
    '## Differences',
    '',
    'Every difference of structure, with its reason from `test/parity/explanations.json`. Where several tensors share a reason the first is shown.',
    '',
    table(['what', 'of', 'recipes', 'Olive', 'Grove', 'why'], rows),
  ].join('\n');
}

function quantizers({ structures, sameRanges, calibrations }: ParityResult): string {
  if (sameRanges.length === 0) return '';
  const ownRanges = structures.filter(({ subject }) => subject.prepared);
  return [
    '## One graph, two quantizers',
    '',
    "Olive's graph as its quantizer reads it, given to both quantizers. First with one set of ranges, those that Grove's calibration found: the quantizers have to agree to the last bit.",
    '',
    table(
      NUMBER_HEAD,
      sameRanges.map((one) => numberRow(one, LIMITS.sameRanges)),
    ),
    '',
    'Then the calibrations: the range of every float tensor, found on the same graph and rows by the calibrator of the Python package of the version of ONNX Runtime that Grove has. They have to agree',
    'to the last bit.',
    '',
    table(
      [...SUBJECT_HEAD, 'ONNX Runtime of both', 'tensors', 'equal ranges', 'largest difference', 'verdict'],
      calibrations.map(calibrationRow),
    ),
    '',
    'Then each with its own calibration, the Python stack on the version of the set-up, 1.25, Grove on 1.30: kernels of different versions round differently, so that scales are held to the limits of',
    'a whole recipe only, scales within 1e-3 and zero points within 1.',
    '',
    table(
      NUMBER_HEAD,
      ownRanges.map((one) => numberRow(one, LIMITS.endToEnd)),
    ),
  ].join('\n');
}

function calibrationRow({ subject, version, tensors, equal, largest }: CalibrationResult): Row {
  const difference = largest === 0 ? '0' : largest.toExponential(1);
  return [...subjectCells(subject), version, String(tensors), String(equal), difference, verdict(tensors > 0 && equal === tensors)];
}

function endToEnd(all: readonly StructureResult[]): string {
  const rows = all
    .filter(({ subject, parameters }) => !subject.prepared && parameters !== undefined)
    .map((one) => numberRow(one, LIMITS.endToEnd));
  if (rows.length === 0) return '';
  return [
    '## Numbers from the checkpoint on',
    '',
    'The whole recipe on both sides: scales within 1e-3, zero points within 1, quantized weights bit-equal, the extremes of biases within 1e-3.',
    '',
    table(NUMBER_HEAD, rows),
  ].join('\n');
}

const NUMBER_HEAD: Row = [
  ...SUBJECT_HEAD,
  'tensors',
  'equal scales',
  'largest difference',
  'equal zero points',
  'largest difference',
  'equal constants',
  'equal biases',
  'verdict',
];

function numberRow({ subject, parameters, constants }: StructureResult, limits: (typeof LIMITS)['sameRanges' | 'endToEnd']): Row {
  if (parameters === undefined)
    return [...subjectCells(subject), ...NUMBER_HEAD.slice(SUBJECT_HEAD.length + 1).map(() => ''), verdict(false)];
  const { tensors, scale, zeroPoint, equalScales, equalZeroPoints, bias, biases, equalBiases, unequalChannels } = parameters;
  const isKept =
    scale.difference <= limits.scale &&
    zeroPoint.difference <= limits.zeroPoint &&
    bias.difference <= limits.bias &&
    unequalChannels.length === 0 &&
    constants.equal + constants.explained === constants.total;
  return [
    ...subjectCells(subject),
    String(tensors),
    String(equalScales),
    scale.difference === 0 ? '0' : scale.difference.toExponential(1),
    String(equalZeroPoints),
    String(zeroPoint.difference),
    `${constants.equal} of ${constants.total}`,
    `${equalBiases} of ${biases}`,
    verdict(isKept),
  ];
}

function similarity(all: readonly SimilarityResult[]): string {
  const rows = all.map(({ subject, olive, grove, between }): Row => {
    const isKept = (grove.sqnrDb ?? Number.POSITIVE_INFINITY) >= (olive.sqnrDb ?? Number.NEGATIVE_INFINITY) - LIMITS.sqnrDb;
    return [
      ...subjectCells(subject).slice(0, 2),
      `${fixed(olive.cosineMean, 7)} / ${fixed(grove.cosineMean, 7)}`,
      `${fixed(olive.cosineMin, 7)} / ${fixed(grove.cosineMin, 7)}`,
      `${decibels(olive.sqnrDb)} / ${decibels(grove.sqnrDb)}`,
      `${decibels(between.sqnrDb)}, ${between.maxAbsDifference.toExponential(1)}`,
      verdict(isKept && between.cosineMin >= LIMITS.betweenCosine),
    ];
  });
  return [
    '## Outputs of the recipes as they are',
    '',
    "`last_hidden_state` of 32 XNLI premises that did not calibrate, against Olive's own float32 export, on the CPU execution provider: Olive / Grove. *Apart*: SQNR and largest absolute difference of",
    `Grove's outputs against Olive's. Kept when Grove's SQNR is at most ${LIMITS.sqnrDb} dB below Olive's and the outputs agree to a cosine of ${LIMITS.betweenCosine}.`,
    '',
    table(['recipe', 'model', 'cosine, mean', 'cosine, least row', 'SQNR dB', 'apart', 'verdict'], rows),
  ].join('\n');
}

function ranking(all: readonly RankResult[]): string {
  const rows = all.map(({ subject, pairs, spread, referenceReciprocalRank, olive, grove, excess }): Row => {
    const isLogitKept = excess.mean <= LIMITS.logitShare * olive.meanAbs || excess.low <= 0;
    const isKept = isLogitKept && grove.top1Agreement >= olive.top1Agreement;
    return [
      ...subjectCells(subject).slice(0, 2),
      String(pairs),
      `${olive.meanAbs.toExponential(2)} / ${grove.meanAbs.toExponential(2)}`,
      `${olive.maxAbs.toExponential(1)} / ${grove.maxAbs.toExponential(1)}`,
      `${excess.mean.toExponential(1)} [${excess.low.toExponential(1)}, ${excess.high.toExponential(1)}]`,
      fixed(spread, 2),
      `${fixed(olive.top1Agreement, 3)} / ${fixed(grove.top1Agreement, 3)}`,
      `${fixed(referenceReciprocalRank, 4)}: ${fixed(olive.meanReciprocalRank, 4)} / ${fixed(grove.meanReciprocalRank, 4)}`,
      verdict(isKept),
    ];
  });
  return [
    '## Rankings, re-run with `--task text-classification`',
    '',
    "Question-candidate pairs of WikiQA, against Olive's own float32 export: Olive / Grove. *Logit*: absolute difference of the score. *Excess*: Grove's difference less Olive's pair by pair, mean with its 95 %",
    "interval. *Spread*: standard deviation of the export's scores. *MRR*: the export's, then the results'. Scores of the random model mean nothing; its logits show rounding only. Kept when the excess is below 1 % of",
    "Olive's difference or not significant, and the top-1 agreement is at least Olive's.",
    '',
    table(['recipe', 'model', 'pairs', 'logit, mean', 'logit, largest', 'excess', 'spread', 'same top 1', 'MRR', 'verdict'], rows),
  ].join('\n');
}

function latency(all: readonly LatencyResult[]): string {
  const rows = all.map(
    ({ subject, isControl, ratio }): Row => [
      RECIPE_TITLES[subject.recipe],
      isControl ? "Olive's result against itself" : "Grove's against Olive's",
      `${fixed(ratio.a, 2)} / ${fixed(ratio.b, 2)}`,
      fixed(ratio.ratio, 4),
      fixed(ratio.upper, 4),
      isControl ? '' : verdict(ratio.upper <= LIMITS.latencyRatio),
    ],
  );
  return [
    '## Latency on the CPU execution provider',
    '',
    `minilm-l6-random: ${LATENCY_METHOD}. Kept when the upper end of the interval is at most ${LIMITS.latencyRatio}.`,
    '',
    table(['recipe', 'what', 'ms Olive / Grove', 'ratio', 'upper end', 'verdict'], rows),
  ].join('\n');
}

function speed(all: readonly SpeedResult[]): string {
  const wall = ({ wallMs }: SpeedRound['olive']): number => wallMs / 1_000;
  const peak = ({ usage }: SpeedRound['olive']): number => (usage?.highWaterBytes ?? Number.NaN) / 1e9;
  const rows = all.map(({ subject, rounds }): Row => {
    const of = (pick: (round: SpeedRound) => number): number => median(rounds.map(pick));
    const faster = of(({ olive, grove }) => olive.wallMs / grove.wallMs);
    const overFloor = of(({ grove, floor }) => grove.wallMs / floor.wallMs);
    const smaller = of(({ olive, grove }) => peak(olive) / peak(grove));
    const moreBytes = of(({ grove, floor }) => (peak(grove) - peak(floor)) * 1e9);
    const isKept =
      (faster >= BUDGET.wall.factor || overFloor <= BUDGET.wall.overFloor) &&
      (smaller >= BUDGET.memory.factor || moreBytes <= BUDGET.memory.overFloorBytes);
    return [
      RECIPE_TITLES[subject.recipe],
      `${fixed(
        of(({ olive }) => wall(olive)),
        2,
      )} / ${fixed(
        of(({ grove }) => wall(grove)),
        2,
      )} / ${fixed(
        of(({ floor }) => wall(floor)),
        2,
      )}`,
      `${fixed(faster, 1)} x`,
      `${fixed(overFloor, 2)} x`,
      `${fixed(
        of(({ olive }) => peak(olive)),
        2,
      )} / ${fixed(
        of(({ grove }) => peak(grove)),
        2,
      )} / ${fixed(
        of(({ floor }) => peak(floor)),
        2,
      )}`,
      `${fixed(smaller, 1)} x`,
      `${fixed(moreBytes / 1e9, 2)} GB`,
      verdict(isKept),
    ];
  });
  return [
    '## Speed and memory of a conversion',
    '',
    "minilm-l6-random, whole processes from and to disk (`python -m olive run`, `node bin/grove.js convert`, Node's floor as [benchmarks.md](benchmarks.md) describes it), three rounds in alternating order,",
    "Olive's cache empty each time; medians of Olive / Grove / floor, ratios round by round. Memory is the peak of the process tree (the kernel's high-water marks added up). Kept when the wall time is at most a",
    `${BUDGET.wall.factor}th of Olive's or ${BUDGET.wall.overFloor} x the floor, and the memory at most a third of Olive's or the floor + ${BUDGET.memory.overFloorBytes / 1e9} GB.`,
    '',
    table(['recipe', 'wall s', 'Olive / Grove', 'Grove / floor', 'peak GB', 'Olive / Grove', 'Grove - floor', 'verdict'], rows),
  ].join('\n');
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function verdict(isKept: boolean): string {
  return isKept ? 'kept' : '**missed**';
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

function decibels(value: number | null): string {
  return value === null ? 'exact' : value.toFixed(1);
}
