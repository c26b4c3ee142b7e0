import type { Badge, CellState } from '../../domain/cell-state.ts';
import type { DeviceState } from '../../domain/device.ts';
import type { Cell, Matrix, MatrixColumn, MatrixRow } from '../../domain/matrix.ts';
import type { PastResult } from '../../domain/past-result.ts';
import type { BenchmarkReport } from '../../domain/report.ts';

/** A matrix with every state and hostile names, for the renderers. */

const NOW = Date.UTC(2026, 10, 23, 9, 30);
const DAY = 86_400_000;
const MODEL = 'cross-encoder/ms-marco-MiniLM-L-6-v2';
const FOLDER = 'ms-marco-MiniLM-L-6-v2';
/** What somebody might call a device to attack a page. */
export const HOSTILE = '<script>alert("x")</script> & | `pipe`';

const EPS = ['VitisAI', 'QNN', 'OpenVINO', 'NvTensorRTRTX', 'Dml'].map((ep) => `${ep}ExecutionProvider`);
const RECIPES = ['qdq_amd', 'qdq_qnn', 'context_ov_static', 'trtrtx', 'dml'];
const TITLES = ['QDQ for AMD NPU', 'QDQ for Qualcomm NPU', 'OpenVINO for Intel NPU', 'FP16 for NVIDIA TensorRT-RTX', 'FP16 for DirectML'];
const PUBLISHED = [5.78, 5.59, 2.59, 0.63, null];

function row(index: number): MatrixRow {
  const avg = PUBLISHED[index] ?? null;
  return {
    modelId: MODEL,
    recipeId: `${FOLDER}/${FOLDER}_${RECIPES[index]}.json`,
    recipeDigest: `3f2a${index}`.padEnd(64, '0'),
    title: TITLES[index] ?? '',
    target: `${index < 3 ? 'npu' : 'gpu'} ${EPS[index]}`,
    lintFindings: index === 0 ? 1 : 0,
    published: { hardware: null, source: null, latencyMs: { avg, min: 1.34, max: 2.02, p90: index === 2 ? 3.26 : null }, similarity: null },
  };
}

function column(deviceModel: string, deviceClass: string, change: Partial<MatrixColumn> = {}): MatrixColumn {
  const executedEp = change.executedEp ?? 'CPUExecutionProvider';
  return {
    id: `${deviceModel}-${executedEp}`,
    deviceModel,
    deviceClass,
    executedEp,
    condition: 'ac performance',
    tier: 'smoke',
    emulated: false,
    units: ['lab-1/cpu0'],
    ...change,
  };
}

interface CellChange {
  readonly state: CellState;
  readonly p50?: number;
  readonly half?: number | null;
  readonly ratio?: readonly [number, number, number];
  readonly badges?: readonly Badge[];
  readonly reason?: string;
  readonly code?: string;
}

const CURATION: Cell['curation'] = {
  baseline: { taskIds: ['job0-0'], reason: 'release 4', by: 'ann', at: NOW - 9 * DAY },
  acknowledged: { state: 'regressed', reason: HOSTILE, by: 'bob', at: NOW - DAY },
  notes: [{ id: 'n-1', text: HOSTILE, by: 'ann', at: NOW - DAY }],
};

let cells = 0;

function cell(recipe: number, at: MatrixColumn, change: CellChange): Cell {
  cells += 1;
  const { state, p50, half = 0.011, ratio, badges = [], reason = '', code = null } = change;
  const measured = p50 !== undefined;
  const interval = measured && half !== null ? { low: p50 * (1 - half), high: p50 * (1 + half) } : { low: null, high: null };
  const requestedEp = EPS[recipe] ?? '';
  return {
    id: cells.toString(16).padStart(16, '0'),
    key: {
      schemaVersion: 1,
      modelId: MODEL,
      recipeId: `${FOLDER}/${FOLDER}_${RECIPES[recipe]}.json`,
      deviceModel: at.deviceModel,
      requestedEp,
      executedEp: at.executedEp,
      condition: at.condition,
      tier: 'smoke',
      inputShape: 'input_ids[1,128] attention_mask[1,128]',
      synthetic: false,
      emulated: at.emulated,
    },
    state,
    badges: [...badges],
    reason,
    code,
    p50Ms: measured ? { value: p50, ...interval } : null,
    throughputPerSecond: measured ? 1000 / p50 : null,
    launches: measured ? 5 : 0,
    samplesPerLaunch: measured ? 1024 : 0,
    epTimeShare: measured ? 0.9931 : null,
    quality: measured ? { ...QUALITY, cosineMean: state === 'quality' ? 0.9312 : 0.99891 } : null,
    olive: measured ? { 'latency-avg': { value: p50 * 1.02, unit: 'ms' } } : {},
    evaluator: measured ? [latencyMetric(p50)] : [],
    ratioToPrevious: ratio === undefined ? null : { value: ratio[0], low: ratio[1], high: ratio[2] },
    comparison: ratio === undefined || p50 === undefined ? null : comparisonOf(p50, ratio),
    history: HISTORY[state] ?? {
      results: measured ? 3 : 0,
      firstAt: measured ? NOW - 40 * DAY : null,
      lastGood: null,
      firstBad: null,
      fallback: null,
    },
    provenance: {
      jobId: 'j-0123456789abcdef',
      taskId: 'job1-0',
      attempt: measured ? 1 : null,
      agentId: measured ? 'lab-1' : null,
      deviceName: measured ? (at.units[0] ?? null) : null,
      sku: null,
      recipeDigest: row(recipe).recipeDigest,
      conversionKey: 'c'.repeat(64),
      environmentId: measured ? '9c1e'.padEnd(64, '0') : null,
      ortVersion: measured ? '1.30.0' : null,
      measuredAt: measured ? NOW - 2 * DAY : null,
    },
    curation: state === 'regressed' ? CURATION : null,
    unitStates: [],
    reproduce: `grove submit ${RECIPES[recipe]} --model ${MODEL} --on ${at.units[0]} --tier smoke`,
    units: [...at.units],
  };
}

const HISTORY: Partial<Record<CellState, Cell['history']>> = {
  failed: {
    results: 4,
    firstAt: NOW - 90 * DAY,
    lastGood: { taskId: 'job0-1', at: NOW - 3 * DAY },
    firstBad: { taskId: 'job0-2', at: NOW - 2 * DAY },
    fallback: null,
  },
  'fell-back': {
    results: 2,
    firstAt: NOW - 30 * DAY,
    lastGood: { taskId: 'job0-3', at: NOW - 20 * DAY },
    firstBad: { taskId: 'job0-4', at: NOW - 2 * DAY },
    fallback: { before: 0, now: 6 },
  },
  improved: { results: 1, firstAt: NOW - DAY, lastGood: { taskId: 'job0-5', at: NOW - DAY }, firstBad: null, fallback: null },
};

function comparisonOf(p50: number, [value, low, high]: readonly [number, number, number]): Cell['comparison'] {
  const before = p50 / value;
  return {
    against: value > 1.05 ? 'baseline' : 'previous',
    taskId: 'job0-0',
    measuredAt: NOW - 9 * DAY,
    p50Ms: { value: before, low: before * 0.99, high: before * 1.01 },
    ratio: { value, low, high },
    error: { standardError: 0.011, degreesOfFreedom: 8 },
    changed: [],
    pValue: Math.abs(value - 1) > 0.05 ? 0.0004 : 0.7,
  };
}

function latencyMetric(p50: number): Cell['evaluator'][number] {
  const baseline = { kind: 'fp32-export', value: 30 } as const;
  const goal = { type: 'percent-min-improvement', value: 0.1, target: 29.97, baseline, why: '' } as const;
  const state = p50 * 1.02 <= goal.target ? 'met' : 'missed';
  const metric = { metric: 'latency-avg', value: p50 * 1.02, unit: 'ms', higherIsBetter: false, priority: 1, why: '' } as const;
  return { ...metric, goal: { ...goal, state } };
}

const SCORES = { mrrAt10: 0.6049, ndcgAt10: 0.7012, map: 0.6018, labelTau: 0.284 };

const QUALITY = {
  state: 'measured',
  rows: 1130,
  cosineMean: 0.99891,
  cosineMin: 0.9972,
  cosinePooled: 0.99912,
  sqnrDb: 31.2,
  maxAbsDifference: 0.0421,
  logit: { meanAbs: 0.012, maxAbs: 0.061, top1Agreement: null, agreement: 0.9989 },
  bound: { metric: 'cosine', min: 0.95, isDefault: true },
  passed: true,
  furtherOutputs: [{ name: HOSTILE, cosineMean: 0.99713, cosineMin: 0.9902, cosinePooled: null, sqnrDb: 28.4, maxAbsDifference: 0.112 }],
  furtherOutputsLeftOut: 2,
  ranking: {
    state: 'measured',
    ...{ queries: 122, candidates: 1126, singleCandidate: 4, top1Agreement: 0.983, referenceTau: 0.9912 },
    relevance: {
      state: 'measured',
      ...{ queries: 120, withoutRelevant: 2, withoutIrrelevant: 0 },
      model: { ...SCORES, mrrAt10: 0.6028 },
      reference: SCORES,
    },
  },
} satisfies BenchmarkReport['quality'];

const AMD = column('AMD XDNA2 STX', 'npu', {
  executedEp: EPS[0] ?? '',
  units: Array.from({ length: 12 }, (_, unit) => `lab-${unit}/npu0`),
});
const QUALCOMM = column('Qualcomm X1E HTP', 'npu', { executedEp: EPS[1] ?? '', condition: 'battery balanced' });
const CPU = column('AMD EPYC 7763 64-Core Processor', 'cpu');
const EMULATED = column(HOSTILE, 'gpu', { emulated: true });

export const SAMPLE_MATRIX: Matrix = {
  schemaVersion: 3,
  generatedAt: NOW,
  significance: { tested: 4, level: 0.05, threshold: 0.012 },
  rows: RECIPES.map((_, index) => row(index)),
  columns: [AMD, QUALCOMM, CPU, EMULATED],
  cells: [
    [
      cell(0, AMD, { state: 'regressed', p50: 5.614, ratio: [1.08, 1.05, 1.11] }),
      null,
      cell(0, CPU, { state: 'ok', p50: 31.94, half: 0.008, badges: ['substituted'], ratio: [1, 0.99, 1.01] }),
      cell(0, EMULATED, {
        state: 'insufficient',
        p50: 55.1,
        half: null,
        badges: ['substituted', 'emulated'],
        reason: '3 launches; an interval needs 5',
      }),
    ],
    [
      null,
      cell(1, QUALCOMM, { state: 'fell-back', p50: 12.4, badges: ['partial'], reason: '6 of 43 heavy nodes ran on CPU' }),
      cell(1, CPU, {
        state: 'noisy',
        p50: 33.2,
        half: 0.062,
        badges: ['substituted', 'stale'],
        reason: 'interval ±6.2 % after 10 launches',
      }),
      cell(1, EMULATED, {
        state: 'quality',
        p50: 44.9,
        badges: ['substituted', 'synthetic'],
        reason: 'cosine 0.931 is below the default bound 0.95',
      }),
    ],
    [
      null,
      null,
      cell(2, CPU, {
        state: 'unsupported',
        reason: 'Pass OpenVINOConversion ($.passes.ov) is not implemented natively, and no agent has a toolchain that offers it.',
        code: 'unsupported-pass',
      }),
      null,
    ],
    [
      null,
      null,
      cell(3, CPU, { state: 'improved', p50: 24.06, ratio: [0.91, 0.89, 0.93], badges: ['substituted'] }),
      cell(3, EMULATED, { state: 'exception', reason: 'The measure process ended unexpectedly (signal SIGSEGV).', code: 'child-crashed' }),
    ],
    [
      cell(4, AMD, { state: 'waiting' }),
      cell(4, QUALCOMM, { state: 'missing' }),
      cell(4, CPU, { state: 'running' }),
      cell(4, EMULATED, { state: 'failed', reason: `Pass failed at ${HOSTILE}`, code: 'pass-failed' }),
    ],
  ],
};

const MACHINE: DeviceState = {
  ...{ temperatureC: 46, utilization: 0.02, freeMemoryBytes: 24e9, powerSource: 'ac', powerMode: 'performance' },
  ...{ clockMHz: { current: 5_000, max: 5_100 }, throttleCount: 0, foreign: { cpuShare: 0.01, processes: [] } },
};

/** The report behind the sample's measured cells. */
export const SAMPLE_REPORT: BenchmarkReport = {
  schemaVersion: 2,
  requestedEp: EPS[0] ?? '',
  executedEp: 'CPUExecutionProvider',
  substitution: { kind: 'ep', requested: EPS[0] ?? '', executed: 'CPUExecutionProvider' },
  tier: 'smoke',
  inputShapes: { input_ids: [1, 128], attention_mask: [1, 128] },
  environmentId: '9c1e'.padEnd(64, '0'),
  runtime: { adapter: 'ort-node', ortVersion: '1.30.0', ortLibraryDigest: 'f'.repeat(64), node: '20.20.2' },
  condition: { powerSource: 'ac', powerMode: 'performance' },
  deviceStates: {
    before: MACHINE,
    during: [{ ...MACHINE, temperatureC: 88, clockMHz: { current: 3_900, max: 5_100 }, throttleCount: 2 }],
    after: { ...MACHINE, temperatureC: 71 },
    warnings: [{ gate: 'throttled', why: 'it slowed down for its heat (2 events)' }],
  },
  session: { graph_optimization_level: 'ORT_ENABLE_ALL', intra_op_num_threads: 2, [HOSTILE]: null },
  launches: [0, 1, 2, 3, 4].map((index) => ({
    index,
    createMs: 182 + index * 3,
    firstInferenceMs: 41.2,
    warmup: { runs: 31, durationMs: 1004, stable: index !== 3 },
    sampleCount: 1024,
    samplesPath: `samples/launch-${index}.f64`,
    p50Ms: 31.94 + index * 0.11,
    meanMs: 32.02 + index * 0.1,
    minMs: 31.1,
    maxMs: 39.8,
    p90Ms: 33.1 + index * 0.2,
    p99Ms: 35.2,
    rssPeakBytes: 312 * 1_048_576,
  })),
  p50Ms: { value: 31.94, low: 31.7, high: 32.2 },
  verdict: 'ok',
  throughputPerSecond: 31.3,
  placement: {
    byEp: { CPUExecutionProvider: { nodes: 214, timeShare: 0.9931 }, VitisAIExecutionProvider: { nodes: 2, timeShare: 0.0069 } },
    heavyNodes: 43,
    heavyNodesElsewhere: 0,
    fellBack: false,
    partial: true,
    elsewhere: ['/bert/Cast (Cast) on VitisAIExecutionProvider'],
  },
  quality: QUALITY,
  olive: { 'latency-avg': { value: 32.6, unit: 'ms' } },
  evaluator: [
    latencyMetric(32),
    { metric: 'latency-max', value: 41.02, unit: 'ms', higherIsBetter: false, priority: -1, why: '', goal: null },
    {
      ...{
        metric: 'accuracy-perplexity',
        value: null,
        unit: null,
        higherIsBetter: false,
        priority: 2,
        why: 'Grove does not compute perplexity',
      },
      goal: {
        ...{ type: 'max-degradation', value: 0.5, state: 'unresolved', target: null, baseline: null },
        why: 'Grove does not compute perplexity',
      },
    },
  ],
  artifacts: { 'samples/launch-0.f64': { sha256: 'a'.repeat(64), sizeBytes: 8192 } },
};

function past(taskId: string, daysAgo: number, change: Partial<PastResult>): PastResult {
  return {
    taskId,
    jobId: 'job0',
    unit: HOSTILE,
    at: NOW - daysAgo * DAY,
    state: 'ok',
    code: null,
    p50Ms: { value: 5.2, low: 5.1, high: 5.3 },
    launches: 5,
    heavyNodesElsewhere: 0,
    recipeDigest: row(0).recipeDigest,
    conversionKey: 'c'.repeat(64),
    environmentId: '9c1e'.padEnd(64, '0'),
    ortVersion: '1.30.0',
    ...change,
  };
}

/** What every cell of the sample shows as its history. */
export const SAMPLE_HISTORY: readonly PastResult[] = [
  past('job0-4', 2, { state: 'fell-back', heavyNodesElsewhere: 6, environmentId: 'a'.repeat(64) }),
  past('job0-2', 2, { state: 'failed', code: 'pass-failed', p50Ms: null, launches: 0, heavyNodesElsewhere: null, environmentId: null }),
  past('job0-1', 3, {}),
  past('job0-3', 20, { ortVersion: '1.29.0' }),
];
