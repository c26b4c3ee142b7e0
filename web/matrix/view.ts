import { type CellState, MATRIX_LISTS, type MatrixListName, STATE_SIGNS } from '../../api/words.ts';

/** How rows are put together. */
export const GROUPINGS = ['model', 'target', 'none'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What a reader has chosen to see of the matrix: all of it is in the address. */
export interface MatrixView {
  /** Words that must all be found in a cell, its row or its column. */
  readonly words: string;
  /** Only cells in one of these states; empty: all. */
  readonly states: readonly CellState[];
  /** Only devices of one of these classes (cpu, gpu, npu); empty: all. */
  readonly classes: readonly string[];
  readonly list: MatrixListName | null;
  readonly group: Grouping;
  /** `catalogue`, `name`, `worst`, or the id of a column whose latency orders the rows. */
  readonly sort: string;
  readonly descending: boolean;
  readonly compact: boolean;
}

export const PLAIN_VIEW: MatrixView = {
  words: '',
  states: [],
  classes: [],
  list: null,
  group: 'model',
  sort: 'catalogue',
  descending: false,
  compact: false,
};

/** The view of an address. What it does not know it leaves out: a link from a newer version still shows the matrix. */
export function readView(search: string): MatrixView {
  const query = new URLSearchParams(search);
  const sort = query.get('sort') ?? PLAIN_VIEW.sort;
  const descending = sort.startsWith('-');
  return {
    words: query.get('q') ?? '',
    states: listIn(query, 'state').filter(isState),
    classes: listIn(query, 'class'),
    list: MATRIX_LISTS.find((name) => name === query.get('list')) ?? null,
    group: GROUPINGS.find((name) => name === query.get('group')) ?? PLAIN_VIEW.group,
    sort: descending ? sort.slice(1) : sort,
    descending,
    compact: query.get('cells') === 'compact',
  };
}

/** The address of a view: only what differs from the plain one. */
export function writeView(view: MatrixView): string {
  const query = new URLSearchParams();
  if (view.words !== '') query.set('q', view.words);
  if (view.states.length > 0) query.set('state', view.states.join(','));
  if (view.classes.length > 0) query.set('class', view.classes.join(','));
  if (view.list !== null) query.set('list', view.list);
  if (view.group !== PLAIN_VIEW.group) query.set('group', view.group);
  if (view.sort !== PLAIN_VIEW.sort || view.descending) query.set('sort', `${view.descending ? '-' : ''}${view.sort}`);
  if (view.compact) query.set('cells', 'compact');
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function listIn(query: URLSearchParams, name: string): readonly string[] {
  return [...new Set((query.get(name) ?? '').split(',').filter((part) => part !== ''))];
}

function isState(text: string): text is CellState {
  return Object.hasOwn(STATE_SIGNS, text);
}
