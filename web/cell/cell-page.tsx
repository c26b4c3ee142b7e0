import type { CellView } from '../../api/matrix.ts';
import {
  cellText,
  columnText,
  curationText,
  formatInterval,
  formatMs,
  formatRatio,
  recipeLabel,
  rowText,
  shortEp,
} from '../../api/words.ts';
import { Chart } from '../charts/chart.tsx';
import { Badges, StateChip } from '../elements/chips.tsx';
import { Facts } from '../elements/facts.tsx';
import { Lint } from '../elements/lint.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { Table } from '../elements/table.tsx';
import { Ago, bytesText, Instant } from '../elements/time.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { Actions } from './actions.tsx';
import { GoalSection, LaunchSection, MachineSection, PlacementSection, QualitySection, SessionSection } from './measured-sections.tsx';
import { TurnSection } from './turn-section.tsx';

/** One cell with everything behind its number. */
export function CellPage({ cellId }: { readonly cellId: string }) {
  const { value, problem, reload } = useAnswer({
    ask: (signal) => farm.cell(cellId, { signal }),
    key: cellId,
    changedBy: ({ type }) => type === 'task',
  });
  if (value === undefined) return problem === undefined ? <Loading what="the cell" /> : <Problem problem={problem} />;
  return <Cell view={value} reload={reload} />;
}

function Cell({ view, reload }: { readonly view: CellView; readonly reload: () => void }) {
  const { cell, row, column, report } = view;
  const { name, digest } = rowText(row);
  const { device, detail } = columnText(column);
  return (
    <>
      <p class="crumbs">
        <a href="/">Matrix</a> / {row.modelId}
      </p>
      <PageHead
        title={`${name} on ${device}`}
        heading={
          <>
            {name} <code>{digest}</code> on {device}
          </>
        }
        detail={detail}
        tools={
          <>
            <a href={`/compare?a=${cell.id}`}>Compare</a>
            <a href={`/api/v1/cells/${cell.id}`}>JSON</a>
          </>
        }
      />
      <p class="signs">
        <StateChip state={cell.state} /> <Badges badges={cell.badges} />
        {cell.reason !== '' && <span class="reason">{cell.reason}</span>} {cell.code !== null && <code>{cell.code}</code>}
      </p>
      <Tiles view={view} />
      <TurnSection view={view} />
      <Actions cell={cell} reload={reload} />
      <ComparisonSection view={view} />
      {report !== null && (
        <>
          <LaunchSection report={report} />
          <PlacementSection report={report} />
          <QualitySection quality={report.quality} />
          <GoalSection report={report} />
          <MachineSection report={report} />
          <SessionSection report={report} />
        </>
      )}
      <HistorySection view={view} />
      <Lint findings={view.lint} />
      <ProvenanceSection view={view} />
      {cell.reproduce !== '' && (
        <section>
          <h2>Reproduce</h2>
          <pre>{cell.reproduce}</pre>
        </section>
      )}
    </>
  );
}

function Tiles({ view: { cell, report } }: { readonly view: CellView }) {
  const { latency, ratio, placement, quality, ranking, goals, sampling, age } = cellText(cell, Date.now());
  const concurrent = report?.concurrent;
  const tiles = [
    ['Median latency', latency],
    ['Ratio', ratio],
    ['Throughput', cell.throughputPerSecond === null ? '' : `${cell.throughputPerSecond.toPrecision(3)} /s`],
    ['Several in flight', concurrent === undefined ? '' : `${concurrent.perSecond.toPrecision(3)} /s with ${concurrent.streams}`],
    ['Node time', placement.replace(/ t$/, '')],
    ['Quality', quality],
    ['Ranking', ranking],
    ['Goals', goals.replace(/^goals? /, '')],
    ['Launches x samples', sampling],
    ['Age', age],
  ].filter(([, value]) => value !== '');
  return (
    <div class="tiles">
      {tiles.map(([label, value]) => (
        <div key={label} class="tile">
          <span class="muted">{label}</span>
          <span class="figure">{value}</span>
        </div>
      ))}
    </div>
  );
}

function ComparisonSection({ view: { cell } }: { readonly view: CellView }) {
  const { comparison, curation } = cell;
  const said = curationText(curation);
  return (
    <>
      {comparison !== null && (
        <section>
          <h2>Compared with its {comparison.against === 'baseline' ? 'pinned baseline' : 'previous result'}</h2>
          <Facts
            facts={[
              [
                'Then',
                <>
                  {formatMs(comparison.p50Ms.value)} {formatInterval(comparison.p50Ms)}
                  {comparison.measuredAt !== null && (
                    <>
                      , <Ago at={comparison.measuredAt} />
                    </>
                  )}
                </>,
              ],
              ['Ratio', formatRatio(comparison.ratio)],
              ['Changed since', comparison.changed.join(', ')],
              ['Judged', judgement(comparison)],
            ]}
          />
        </section>
      )}
      {said.length > 0 && (
        <section>
          <h2>Said about it</h2>
          <Table
            label="Said about it"
            heads={[{ text: 'What' }, { text: 'Words', kind: 'wrap' }, { text: 'By' }, { text: 'When' }]}
            rows={said.map(({ what, text, by, at }) => ({ key: `${what}${at}${text}`, cells: [what, text, by, <Ago key="at" at={at} />] }))}
          />
        </section>
      )}
    </>
  );
}

function judgement({ changed, pValue }: NonNullable<CellView['cell']['comparison']>): string {
  if (changed.length > 0) return 'no: what changed may be the reason';
  return pValue === null ? 'no: too few launches' : `p = ${pValue.toPrecision(2)}`;
}

function HistorySection({ view: { cell, history } }: { readonly view: CellView }) {
  if (history.length === 0) return null;
  const measured = history.filter(({ p50Ms }) => p50Ms !== null).reverse();
  const units = [...new Set(measured.map(({ unit }) => unit ?? 'no unit'))];
  const lines = units.slice(0, 5).map((unit) => {
    const results = measured.filter((past) => (past.unit ?? 'no unit') === unit);
    return { label: unit, xs: results.map(({ at }) => at / 1_000), ys: results.map(({ p50Ms }) => p50Ms?.value ?? 0) };
  });
  return (
    <section>
      <h2>History</h2>
      {measured.length > 1 && <Chart label="Median latency over time, unit by unit" lines={lines} xLabel="when" yLabel="ms" time points />}
      <Table
        label="History"
        heads={[
          { text: 'Ended' },
          { text: 'Unit' },
          { text: 'State' },
          { text: 'p50', kind: 'figure' },
          { text: 'Environment' },
          { text: 'Recipe' },
          { text: 'Job' },
        ]}
        rows={history.map(({ at, unit, state, code, p50Ms, environmentId, recipeDigest, taskId, jobId }) => ({
          key: taskId,
          cells: [
            <Instant key="at" at={at} />,
            unit ?? '–',
            <>
              <StateChip state={state} /> {code !== null && <code>{code}</code>}
            </>,
            p50Ms === null ? '–' : `${formatMs(p50Ms.value)} ${formatInterval(p50Ms)}`,
            <code key="environment">{environmentId?.slice(0, 8) ?? '–'}</code>,
            <code key="recipe">{recipeDigest.slice(0, 8)}</code>,
            <a key="job" href={`/jobs/${jobId}`}>
              {jobId}
            </a>,
          ],
        }))}
      />
      {cell.history.results > history.length && (
        <p>
          <a href={`/api/v1/cells/${cell.id}/history`}>All {cell.history.results} results</a>
        </p>
      )}
    </section>
  );
}

function ProvenanceSection({ view: { cell, report } }: { readonly view: CellView }) {
  const { jobId, taskId, attempt, agentId, deviceName, sku, recipeDigest, conversionKey, environmentId, ortVersion, measuredAt } =
    cell.provenance;
  const files = Object.entries(report?.artifacts ?? {});
  const catalogueId = cell.key.recipeId.split(' ')[0] ?? cell.key.recipeId;
  return (
    <section>
      <h2>Provenance</h2>
      <Facts
        facts={[
          ['Measured', measuredAt !== null && <Instant key="at" at={measuredAt} />],
          ['Device', [deviceName, sku].filter(Boolean).join(', ')],
          ['Agent', agentId],
          ['Job', jobId !== '' && <a href={`/jobs/${jobId}`}>{jobId}</a>],
          [
            'Task',
            taskId !== '' && (
              <>
                <a href={`/api/v1/tasks/${taskId}`}>{taskId}</a>
                {attempt !== null && (
                  <>
                    , attempt {attempt} (<a href={`/api/v1/tasks/${taskId}/logs?attempt=${attempt}`}>log</a>)
                  </>
                )}
              </>
            ),
          ],
          [
            'Recipe',
            <>
              {catalogueId.startsWith('adhoc:') ? (
                catalogueId
              ) : (
                <a href={`/recipes/${encodeURIComponent(catalogueId)}`}>{recipeLabel(catalogueId)}</a>
              )}{' '}
              <code>{recipeDigest.slice(0, 12)}</code>
            </>,
          ],
          ['Conversion', conversionKey !== null && <code>{conversionKey.slice(0, 12)}</code>],
          ['Environment', environmentId !== null && <code>{environmentId.slice(0, 12)}</code>],
          ['ONNX Runtime', ortVersion],
          ['Requested, executed', `${shortEp(cell.key.requestedEp)}, ${shortEp(cell.key.executedEp)}`],
        ]}
      />
      {files.length > 0 && (
        <details>
          <summary>Artifacts ({files.length})</summary>
          <ul>
            {files.map(([path, { sha256, sizeBytes }]) => (
              <li key={path}>
                <a href={`/api/v1/artifacts/${sha256}`}>{path}</a> <span class="muted">{bytesText(sizeBytes)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
