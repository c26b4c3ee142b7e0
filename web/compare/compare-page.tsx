import { cellText, columnText, compareTwoCells, formatRatio, listedCells, type Matrix, rowText } from '../../api/words.ts';
import { Badges, StateChip } from '../elements/chips.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { Table } from '../elements/table.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { replaceSearch, useLocation } from '../router/location.ts';

/** Least change that counts. */
const MARGIN = 0.02;

type Listed = ReturnType<typeof listedCells>[number];

/** Two cells side by side; which ones is in the address. */
export function ComparePage() {
  const { value: matrix, problem } = useAnswer({
    ask: (signal) => farm.matrix({ signal }),
    key: 'matrix to compare',
    changedBy: ({ type }) => type === 'task',
  });
  return (
    <>
      <PageHead title="Compare" detail="two cells, measured at different times" />
      {problem !== undefined && <Problem problem={problem} />}
      {matrix === undefined ? problem === undefined && <Loading what="the matrix" /> : <Choice matrix={matrix} />}
    </>
  );
}

function Choice({ matrix }: { readonly matrix: Matrix }) {
  const { search } = useLocation();
  const query = new URLSearchParams(search);
  const cells = listedCells(matrix);
  const choose = (side: 'a' | 'b', id: string) => {
    query.set(side, id);
    replaceSearch(`?${query}`);
  };
  const [a, b] = [find(cells, query.get('a')), find(cells, query.get('b'))];
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Side label="A" cells={cells} chosen={a} onChoose={(id) => choose('a', id)} />
        <Side label="B" cells={cells} chosen={b} onChoose={(id) => choose('b', id)} />
      </form>
      {a !== undefined && b !== undefined ? <Both a={a} b={b} now={matrix.generatedAt} /> : <p class="muted">Choose two cells.</p>}
    </>
  );
}

function find(cells: readonly Listed[], id: string | null): Listed | undefined {
  return cells.find(({ cell }) => cell.id === id);
}

interface SideProps {
  readonly label: string;
  readonly cells: readonly Listed[];
  readonly chosen: Listed | undefined;
  readonly onChoose: (id: string) => void;
}

function Side({ label, cells, chosen, onChoose }: SideProps) {
  return (
    <label class="grow">
      {label}
      <select value={chosen?.cell.id ?? ''} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">choose a cell</option>
        {cells.map(({ cell, row, column }) => (
          <option key={cell.id} value={cell.id}>
            {rowText(row).name} on {columnText(column).device}, {columnText(column).detail}
          </option>
        ))}
      </select>
    </label>
  );
}

const VERDICTS = {
  same: '= the same: all of the interval is within 2 %',
  faster: '▼ B is faster',
  slower: '▲ B is slower',
  inconclusive: '? no verdict',
} as const;

function Both({ a, b, now }: { readonly a: Listed; readonly b: Listed; readonly now: number }) {
  const { ratio, verdict, incomparable, warnings } = compareTwoCells(a.cell, b.cell, MARGIN);
  return (
    <>
      <section class="notice">
        <p class="verdict">
          <strong>{VERDICTS[verdict]}</strong> {ratio !== null && <span class="figure">{formatRatio(ratio)} latency of B over A</span>}
        </p>
        {incomparable.length > 0 && <p>Not judged: {incomparable.join('; ')}.</p>}
        {warnings.length > 0 && (
          <ul>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        )}
      </section>
      <Table label="Both cells" heads={[{ text: '' }, { text: 'A', kind: 'wrap' }, { text: 'B', kind: 'wrap' }]} rows={rowsOf(a, b, now)} />
    </>
  );
}

function rowsOf(a: Listed, b: Listed, now: number) {
  const [left, right] = [cellText(a.cell, now), cellText(b.cell, now)];
  const texts = [
    ['Median latency', 'latency'],
    ['Ratio to its own past', 'ratio'],
    ['Node time', 'placement'],
    ['Quality', 'quality'],
    ['Ranking', 'ranking'],
    ['Goals', 'goals'],
    ['Launches x samples', 'sampling'],
    ['Age', 'age'],
    ['Environment', 'environment'],
    ['Remark', 'reason'],
  ] as const;
  const head = ({ cell, row, column }: Listed) => (
    <>
      <a href={`/cells/${cell.id}`}>
        {rowText(row).name} on {columnText(column).device}
      </a>{' '}
      <StateChip state={cell.state} /> <Badges badges={cell.badges} />
    </>
  );
  return [
    { key: 'cell', cells: ['Cell', head(a), head(b)] },
    ...texts
      .filter(([, name]) => left[name] !== '' || right[name] !== '')
      .map(([label, name]) => ({ key: label, cells: [label, left[name] || '–', right[name] || '–'] })),
  ];
}
