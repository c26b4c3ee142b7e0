import { useMemo } from 'preact/hooks';
import type { FarmEvent } from '../../api/events.ts';
import { type Matrix, plural } from '../../api/words.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { replaceSearch, useLocation } from '../router/location.ts';
import { arrange } from './arrange.ts';
import { Filters } from './filters.tsx';
import { Grid } from './grid.tsx';
import { Legend } from './legend.tsx';
import { type MatrixView, PLAIN_VIEW, readView, writeView } from './view.ts';

const EXPORTS = [
  ['JSON', 'json'],
  ['CSV', 'csv'],
  ['Markdown', 'md'],
  ['HTML', 'html'],
  ['JUnit', 'junit'],
] as const;

/** Every result of the farm, recipe by device. */
export function MatrixPage() {
  const { value: matrix, problem } = useAnswer({ ask: (signal) => farm.matrix({ signal }), key: 'matrix', changedBy: changesTheMatrix });
  const { search } = useLocation();
  const view = useMemo(() => readView(search), [search]);
  return (
    <div class="matrix-page">
      <PageHead title="Matrix" detail={matrix && summary(matrix)} tools={<Exports />} />
      {problem !== undefined && <Problem problem={problem} />}
      {matrix === undefined ? problem === undefined && <Loading what="the matrix" /> : <Shown matrix={matrix} view={view} />}
    </div>
  );
}

function changesTheMatrix({ type }: FarmEvent): boolean {
  return type === 'task' || type === 'agent';
}

function summary({ rows, columns, cells }: Matrix): string {
  const count = cells.reduce((sum, row) => sum + row.filter((cell) => cell !== null).length, 0);
  return `${plural(rows.length, 'recipe')} on ${plural(columns.length, 'kind')} of device, ${plural(count, 'cell')}`;
}

function Exports() {
  return (
    <nav class="exports" aria-label="Exports">
      {EXPORTS.map(([label, format]) => (
        <a key={format} href={`/api/v1/matrix?format=${format}`}>
          {label}
        </a>
      ))}
    </nav>
  );
}

function Shown({ matrix, view }: { readonly matrix: Matrix; readonly view: MatrixView }) {
  const arrangement = useMemo(() => arrange(matrix, view), [matrix, view]);
  const change = (part: Partial<MatrixView>) => replaceSearch(writeView({ ...view, ...part }));
  if (matrix.rows.length === 0) return <NothingYet />;
  const sortBy = (columnId: string) => change({ sort: columnId, descending: view.sort === columnId && !view.descending });
  return (
    <>
      <Filters {...{ matrix, view, change }} />
      <p class="muted count" role="status">
        {arrangement.shown === arrangement.total
          ? `${arrangement.total === 1 ? '' : 'All '}${plural(arrangement.total, 'cell')}`
          : `${arrangement.shown} of ${plural(arrangement.total, 'cell')}`}
        {writeView(view) !== '' && (
          <>
            {' · '}
            <button type="button" class="link" onClick={() => change(PLAIN_VIEW)}>
              Show everything
            </button>
          </>
        )}
      </p>
      <Grid {...{ arrangement, view, now: matrix.generatedAt, onSort: sortBy }} />
      <Legend matrix={matrix} />
    </>
  );
}

function NothingYet() {
  return (
    <section class="notice">
      <h2>Nothing measured yet</h2>
      <p>
        <a href="/submit">Submit a recipe</a>, here or on the command line, and its cells appear here:
      </p>
      <pre>grove submit RECIPE --on each-device-model --watch</pre>
    </section>
  );
}
