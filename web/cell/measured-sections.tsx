import { useMemo } from 'preact/hooks';
import {
  type BenchmarkReport,
  deviceStateText,
  driftReasons,
  formatCosine,
  formatDifference,
  formatInterval,
  formatMetric,
  formatMs,
  formatRank,
  formatShare,
  GOAL_SIGNS,
  goalSign,
  goalText,
  judgedSimilarity,
  type LaunchReport,
  type Quality,
  rankingScope,
  relevanceScope,
  shortEp,
} from '../../api/words.ts';
import { Chart, type ChartLine } from '../charts/chart.tsx';
import { histogramOf, runsOf } from '../charts/series.ts';
import { type Fact, Facts } from '../elements/facts.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { type Head, Table } from '../elements/table.tsx';
import { bytesText } from '../elements/time.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';

/** Launches whose samples are drawn. */
const MAX_DRAWN = 5;

const LAUNCH_HEADS: readonly Head[] = [
  { text: 'Launch', kind: 'figure' },
  ...['p50', 'mean', 'min', 'p90', 'p99', 'max', 'samples', 'session', 'first run', 'warm-up', 'peak memory'].map(
    (text): Head => ({ text, kind: 'figure' }),
  ),
  { text: 'raw' },
];

/** Each fresh process that measured, in figures and, where its samples are stored, in curves. */
export function LaunchSection({ report }: { readonly report: BenchmarkReport }) {
  const { launches, artifacts } = report;
  return (
    <section>
      <h2>Launches</h2>
      <SampleCharts report={report} />
      <Table
        label="Launches"
        heads={LAUNCH_HEADS}
        rows={launches.map((launch) => ({ key: String(launch.index), cells: launchCells(launch, artifacts[launch.samplesPath]?.sha256) }))}
      />
      <p class="muted small">
        Each launch is a fresh process. Raw samples are little-endian float64 milliseconds, one a run, in order. p99 needs 662 samples.
      </p>
    </section>
  );
}

function launchCells(launch: LaunchReport, sha256: string | undefined) {
  const { index, p50Ms, meanMs, minMs, p90Ms, p99Ms, maxMs, sampleCount, warmup, createMs, firstInferenceMs, rssPeakBytes } = launch;
  return [
    index + 1,
    <strong key="p50">{formatMs(p50Ms)}</strong>,
    formatMs(meanMs),
    formatMs(minMs),
    formatMs(p90Ms),
    p99Ms === null ? '–' : formatMs(p99Ms),
    formatMs(maxMs),
    sampleCount,
    formatMs(createMs),
    formatMs(firstInferenceMs),
    `${warmup.runs} runs, ${formatMs(warmup.durationMs)}${warmup.stable ? '' : ', not stable'}`,
    bytesText(rssPeakBytes),
    sha256 === undefined ? '–' : <a href={`/api/v1/artifacts/${sha256}`}>samples</a>,
  ];
}

function SampleCharts({ report }: { readonly report: BenchmarkReport }) {
  const stored = report.launches
    .flatMap(({ index, samplesPath }) => {
      const blob = report.artifacts[samplesPath];
      return blob === undefined ? [] : [{ index, sha256: blob.sha256 }];
    })
    .slice(0, MAX_DRAWN);
  const { value, problem } = useAnswer({
    ask: (signal) => Promise.all(stored.map(async ({ index, sha256 }) => ({ index, samples: await farm.samples(sha256, { signal }) }))),
    key: stored.map(({ sha256 }) => sha256).join(),
  });
  const drawn = useMemo(() => chartsOf(value ?? [], report.launches), [value, report]);
  if (stored.length === 0) return <p class="muted">The raw samples are not stored.</p>;
  if (problem !== undefined)
    return problem.code === 'not-found' ? <p class="muted">The raw samples are no longer stored.</p> : <Problem problem={problem} />;
  if (value === undefined) return <Loading what="samples" />;
  return (
    <div class="charts">
      <Chart
        label="Latency of every run, launch by launch; of many runs the slowest of each group"
        lines={drawn.runs}
        xLabel="run"
        yLabel="ms"
      />
      <Chart label={`Distribution of latencies${drawn.beyond}`} lines={drawn.shares} xLabel="ms" yLabel="% of runs" />
      <Chart
        label="Warm-up: cold session's first run, mean of the warm-up runs, then the measured median"
        lines={drawn.warmups}
        xLabel="first run · warm-up · measured"
        yLabel="ms"
        points
      />
    </div>
  );
}

interface LaunchSamples {
  readonly index: number;
  readonly samples: Float64Array;
}

function chartsOf(launches: readonly LaunchSamples[], reports: readonly LaunchReport[]) {
  const label = (index: number) => `launch ${index + 1}`;
  const histogram = histogramOf(launches.map(({ samples }) => samples));
  const runs = launches.map(({ index, samples }): ChartLine => {
    const { runs: xs, ms: ys } = runsOf(samples);
    return { label: label(index), xs, ys };
  });
  const shares = launches.map(
    ({ index }, at): ChartLine => ({
      label: label(index),
      xs: histogram.middles,
      ys: (histogram.shares[at] ?? []).map((share) => share * 100),
    }),
  );
  const warmups = reports.slice(0, MAX_DRAWN).map(
    ({ index, firstInferenceMs, warmup, p50Ms }): ChartLine => ({
      label: label(index),
      xs: [1, 2, 3],
      ys: [firstInferenceMs, warmup.runs === 0 ? firstInferenceMs : warmup.durationMs / warmup.runs, p50Ms],
    }),
  );
  return { runs, shares, warmups, beyond: histogram.beyond === 0 ? '' : `; ${histogram.beyond} slower runs are beyond the right edge` };
}

/** Which nodes ran where. */
export function PlacementSection({ report: { placement } }: { readonly report: BenchmarkReport }) {
  const { byEp, heavyNodes, heavyNodesElsewhere, elsewhere } = placement;
  return (
    <section>
      <h2>Placement</h2>
      <Table
        label="Placement"
        heads={[{ text: 'Execution provider' }, { text: 'nodes', kind: 'figure' }, { text: 'share of time', kind: 'figure' }, { text: '' }]}
        rows={Object.entries(byEp).map(([ep, { nodes, timeShare }]) => ({
          key: ep,
          cells: [
            shortEp(ep),
            nodes,
            formatShare(timeShare),
            <meter key="share" min={0} max={1} value={timeShare} aria-label={`${shortEp(ep)} share of time`} />,
          ],
        }))}
      />
      <p class="muted small">
        {heavyNodes} heavy nodes (MatMul, Gemm, Conv, Attention class); {heavyNodesElsewhere} of them ran elsewhere.
      </p>
      {elsewhere.length > 0 && (
        <details>
          <summary>Nodes that ran elsewhere</summary>
          <ul>
            {elsewhere.map((line) => (
              <li key={line}>
                <code>{line}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** Outputs against the Reference. */
export function QualitySection({ quality }: { readonly quality: Quality }) {
  return (
    <section>
      <h2>Quality</h2>
      {quality.state === 'not-measured' ? (
        <p>Not measured: {quality.why}</p>
      ) : (
        <Facts facts={[...qualityFacts(quality), ...rankingFacts(quality)]} />
      )}
    </section>
  );
}

type Measured = Extract<Quality, { state: 'measured' }>;

function qualityFacts(quality: Measured): readonly Fact[] {
  const { rows, ofRows, cosineMean, cosineMin, cosinePooled, sqnrDb, maxAbsDifference, logit, bound, passed } = quality;
  const { name, value } = judgedSimilarity(quality);
  const asked = `${bound.min}${bound.isDefault ? ' (default bound)' : ''}`;
  return [
    ['Verdict', passed ? `✓ ${name} ${formatCosine(value)}, at least ${asked}` : `≠ ${name} ${formatCosine(value)} is below ${asked}`],
    ['Rows compared', ofRows === undefined ? String(rows) : `${rows} of ${ofRows}: then time ran out`],
    ['Logit difference', logit !== null && `mean ${formatDifference(logit.meanAbs)}, largest ${formatDifference(logit.maxAbs)}`],
    ['Cosine, mean and worst row', `${formatCosine(cosineMean)}, ${formatCosine(cosineMin)}`],
    ['Cosine, mean-pooled', cosinePooled !== null && formatCosine(cosinePooled)],
    ['SQNR', sqnrDb !== null && `${sqnrDb.toFixed(1)} dB`],
    ['Largest difference', maxAbsDifference.toPrecision(3)],
  ];
}

function rankingFacts({ ranking }: Measured): readonly Fact[] {
  if (ranking === undefined) return [];
  if (ranking.state === 'not-measured') return [['Ranking', `not measured: ${ranking.why}`]];
  const { top1Agreement, referenceTau, relevance } = ranking;
  return [
    ['Ranking over', rankingScope(ranking)],
    ['Same best candidate', `${formatShare(top1Agreement)} of queries`],
    ['Order kept (tau-b)', referenceTau !== null && formatRank(referenceTau)],
    ['Relevance over', relevance.state === 'measured' ? relevanceScope(relevance) : `not measured: ${relevance.why}`],
    [
      'MRR@10',
      relevance.state === 'measured' && `${formatRank(relevance.model.mrrAt10)} (reference ${formatRank(relevance.reference.mrrAt10)})`,
    ],
    [
      'NDCG@10',
      relevance.state === 'measured' && `${formatRank(relevance.model.ndcgAt10)} (reference ${formatRank(relevance.reference.ndcgAt10)})`,
    ],
  ];
}

/** The recipe's own metrics with what became of their goals. */
export function GoalSection({ report: { evaluator = [] } }: { readonly report: BenchmarkReport }) {
  if (evaluator.length === 0) return null;
  return (
    <section>
      <h2>Metrics of the recipe</h2>
      <Table
        label="Metrics of the recipe"
        heads={[{ text: 'Metric' }, { text: 'value', kind: 'figure' }, { text: 'goal', kind: 'wrap' }, { text: 'outcome', kind: 'wrap' }]}
        rows={evaluator.map((evaluated) => {
          const { metric, value, unit, why, goal } = evaluated;
          return {
            key: metric,
            cells: [
              metric,
              value === null ? `unresolved: ${why}` : formatMetric(value, unit),
              goal === null ? '–' : goalText(evaluated),
              goal === null ? (
                '–'
              ) : (
                <>
                  <span class={`chip s-${goal.state}`} title={GOAL_SIGNS[goal.state].meaning}>
                    {goalSign(goal.state)}
                  </span>{' '}
                  {goal.why}
                </>
              ),
            ],
          };
        })}
      />
    </section>
  );
}

/** The machine while it was measured, and how fast it was by itself. */
export function MachineSection({ report }: { readonly report: BenchmarkReport }) {
  const { deviceStates, launches, control, condition } = report;
  const probes = launches.flatMap(({ noise }) => (noise === undefined ? [] : [noise.beforeMs, noise.afterMs]));
  const hottest = deviceStates?.during.reduce((a, b) => ((b.temperatureC ?? 0) > (a.temperatureC ?? 0) ? b : a), deviceStates.before);
  const remarks = [
    ...(deviceStates?.warnings ?? []).map(({ gate, why }) => `${gate}: ${why}`),
    ...driftReasons(report).map((reason) => `drift: ${reason}`),
  ];
  return (
    <section>
      <h2>Machine while it was measured</h2>
      {remarks.length > 0 && (
        <ul class="remarks">
          {remarks.map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
      <Facts
        facts={[
          ['Condition', `${condition.powerSource} power, ${condition.powerMode}`],
          ['Before', deviceStates !== undefined && deviceStateText(deviceStates.before)],
          ['Hottest', hottest !== undefined && deviceStateText(hottest)],
          ['After', deviceStates !== undefined && deviceStateText(deviceStates.after)],
          ['Noise probe', probes.length > 0 && `${formatMs(Math.min(...probes))} to ${formatMs(Math.max(...probes))} around the launches`],
          [
            'Control recipe',
            control != null &&
              `${formatMs(control.p50Ms.value)} ${formatInterval(control.p50Ms)}${control.drift === null ? '' : `, ${control.drift.value.toFixed(3)}x the first of ${control.runs} runs`}`,
          ],
        ]}
      />
    </section>
  );
}

/** Versions and settings it ran with. */
export function SessionSection({ report }: { readonly report: BenchmarkReport }) {
  const { session, inputShapes, runtime } = report;
  return (
    <section>
      <h2>Session</h2>
      <Facts
        facts={[
          [
            'Inputs',
            Object.entries(inputShapes)
              .map(([input, shape]) => `${input}[${shape.join(',')}]`)
              .join(' '),
          ],
          ['Runtime', `${runtime.adapter}, ONNX Runtime ${runtime.ortVersion}, Node ${runtime.node}`],
          ...Object.entries(session).map(([name, value]): Fact => [name, String(value)]),
        ]}
      />
    </section>
  );
}
