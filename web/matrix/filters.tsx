import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type CellState, cellsInList, LIST_MEANINGS, MATRIX_LISTS, type Matrix, STATE_SIGNS } from '../../api/words.ts';
import { LIST_DAYS, WORST_FIRST } from './arrange.ts';
import { GROUPINGS, type MatrixView } from './view.ts';

interface FiltersProps {
  readonly matrix: Matrix;
  readonly view: MatrixView;
  readonly change: (part: Partial<MatrixView>) => void;
}

const SORTS = [
  ['catalogue', 'catalogue order'],
  ['name', 'name'],
  ['worst', 'worst first'],
] as const;

/** What to see of the matrix. */
export function Filters({ matrix, view, change }: FiltersProps) {
  return (
    <form class="filters" role="search" aria-label="Cells of the matrix" onSubmit={(event) => event.preventDefault()}>
      <Search words={view.words} onWords={(words) => change({ words })} />
      <ListChoice {...{ matrix, view, change }} />
      <ClassChoice {...{ matrix, view, change }} />
      <label>
        Group by
        <select
          value={view.group}
          onChange={({ currentTarget }) => change({ group: GROUPINGS.find((name) => name === currentTarget.value) ?? 'model' })}
        >
          {GROUPINGS.map((name) => (
            <option key={name} value={name}>
              {name === 'none' ? 'nothing' : name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Order
        <select
          value={SORTS.some(([sort]) => sort === view.sort) ? view.sort : 'column'}
          onChange={({ currentTarget }) => change({ sort: currentTarget.value, descending: false })}
        >
          {SORTS.map(([sort, label]) => (
            <option key={sort} value={sort}>
              {label}
            </option>
          ))}
          {!SORTS.some(([sort]) => sort === view.sort) && <option value="column">latency on a device</option>}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={view.compact} onChange={({ currentTarget }) => change({ compact: currentTarget.checked })} />
        Compact
      </label>
      <StateChoice {...{ matrix, view, change }} />
    </form>
  );
}

function Search({ words, onWords }: { readonly words: string; readonly onWords: (words: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.matches('input, select, textarea');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  return (
    <label class="grow">
      Search
      <input
        ref={input}
        type="search"
        value={words}
        placeholder="recipe, device, provider, reason …"
        onInput={({ currentTarget }) => onWords(currentTarget.value)}
      />
    </label>
  );
}

function ListChoice({ matrix, view, change }: FiltersProps) {
  const sizes = useMemo(() => new Map(MATRIX_LISTS.map((name) => [name, cellsInList(matrix, name, LIST_DAYS).length])), [matrix]);
  return (
    <label>
      To look at
      <select
        value={view.list ?? ''}
        title={view.list === null ? undefined : LIST_MEANINGS[view.list]}
        onChange={({ currentTarget }) => change({ list: MATRIX_LISTS.find((name) => name === currentTarget.value) ?? null })}
      >
        <option value="">everything</option>
        {MATRIX_LISTS.map((name) => (
          <option key={name} value={name}>
            {name.replace(/-/g, ' ')} ({sizes.get(name)})
          </option>
        ))}
      </select>
    </label>
  );
}

function ClassChoice({ matrix, view, change }: FiltersProps) {
  const classes = [...new Set(matrix.columns.map(({ deviceClass }) => deviceClass))].sort();
  if (classes.length < 2) return null;
  return (
    <label>
      Devices
      <select
        value={view.classes[0] ?? ''}
        onChange={({ currentTarget }) => change({ classes: currentTarget.value === '' ? [] : [currentTarget.value] })}
      >
        <option value="">all</option>
        {classes.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** One button per state that some cell is in, with how many are. */
function StateChoice({ matrix, view, change }: FiltersProps) {
  const counts = useMemo(() => countStates(matrix), [matrix]);
  const toggle = (state: CellState) =>
    change({ states: view.states.includes(state) ? view.states.filter((other) => other !== state) : [...view.states, state] });
  return (
    <fieldset class="states">
      <legend class="hidden">Only cells in these states</legend>
      {WORST_FIRST.filter((state) => counts.has(state)).map((state) => (
        <button
          key={state}
          type="button"
          class={`chip s-${state}`}
          aria-pressed={view.states.includes(state)}
          title={STATE_SIGNS[state].meaning}
          onClick={() => toggle(state)}
        >
          <span aria-hidden="true">{STATE_SIGNS[state].sign}</span> {STATE_SIGNS[state].label} {counts.get(state)}
        </button>
      ))}
    </fieldset>
  );
}

function countStates({ cells }: Matrix): ReadonlyMap<CellState, number> {
  const counts = new Map<CellState, number>();
  for (const cell of cells.flat()) if (cell !== null) counts.set(cell.state, (counts.get(cell.state) ?? 0) + 1);
  return counts;
}
