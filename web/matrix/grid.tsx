import type { VirtualItem } from '@tanstack/virtual-core';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { MatrixColumn } from '../../api/words.ts';
import { navigate } from '../router/location.ts';
import type { Arrangement, Line } from './arrange.ts';
import { CellBox } from './cell-box.tsx';
import { type GridPlace, moveBy } from './grid-keys.ts';
import { ColumnHead, PublishedBox, RowHead } from './heads.tsx';
import { useVirtual } from './use-virtual.ts';
import type { MatrixView } from './view.ts';

const HEAD_HEIGHT = 72;
const GROUP_HEIGHT = 32;
const ROW_HEIGHT = 92;
const COMPACT_HEIGHT = 36;
const CELL_WIDTH = 244;
const COMPACT_WIDTH = 212;
const PUBLISHED_WIDTH = 132;
const PAGE_LINES = 6;
/** Room for a scrollbar below the last line. */
const SCROLLBAR = 18;
const NARROW = '(max-width: 700px)';

/** A column of the grid: what was published, or devices. */
type GridColumn = { readonly kind: 'published' } | { readonly kind: 'devices'; readonly column: MatrixColumn; readonly index: number };

interface GridProps {
  readonly arrangement: Arrangement;
  readonly view: MatrixView;
  readonly now: number;
  readonly onSort: (columnId: string) => void;
}

/**
 * The matrix as one scrolling grid of which only what is in view is drawn. It takes the focus as a whole: arrow, page, Home and End keys move the
 * active cell, Enter opens it, s orders the rows by its column.
 */
export function Grid({ arrangement, view, now, onSort }: GridProps) {
  const { lines } = arrangement;
  const { compact } = view;
  const columns = useMemo(() => gridColumns(arrangement), [arrangement]);
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<GridPlace>({ line: 0, column: 0 });
  const headWidth = useHeadWidth();
  const rowSize = (index: number) => (lines[index]?.kind === 'group' ? GROUP_HEIGHT : compact ? COMPACT_HEIGHT : ROW_HEIGHT);
  const columnSize = (index: number) => (columns[index]?.kind === 'published' ? PUBLISHED_WIDTH : compact ? COMPACT_WIDTH : CELL_WIDTH);
  const rowVirtual = useVirtual({
    ...{ scroller, count: lines.length, sizeOf: rowSize, head: HEAD_HEIGHT, overscan: 4 },
    measured: `${compact}/${view.group}/${lines.map(({ kind }) => kind[0]).join('')}`,
  });
  const columnVirtual = useVirtual({
    ...{ scroller, count: columns.length, sizeOf: columnSize, head: headWidth, overscan: 1, horizontal: true },
    measured: `${compact}/${headWidth}/${columns.map(({ kind }) => kind[0]).join('')}`,
  });
  const shape = { lines: lines.length, columns: columns.length, page: PAGE_LINES };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== scroller.current) return;
    const cell = cellAt(lines, columns, active);
    if (event.key === 'Enter' && cell != null) navigate(`/cells/${cell.id}`);
    const at = columns[active.column];
    if (event.key === 's' && at?.kind === 'devices') onSort(at.column.id);
    const moved = moveBy(event.key, active, shape);
    if (moved === undefined) return;
    event.preventDefault();
    setActive(moved);
    rowVirtual.scrollToIndex(moved.line);
    columnVirtual.scrollToIndex(moved.column);
  };
  const shown = columnVirtual.getVirtualItems();
  const width = columnVirtual.getTotalSize();
  return (
    <div
      ref={scroller}
      class={`grid${compact ? ' compact' : ''}`}
      role="grid"
      aria-label="Matrix of recipes and devices"
      aria-rowcount={lines.length + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={idOf(active)}
      tabIndex={0}
      onKeyDown={onKeyDown}
      style={{ height: `min(${rowVirtual.getTotalSize() + SCROLLBAR}px, 100vh - 250px)` }}
    >
      <div class="canvas" style={{ width: `${width}px`, height: `${rowVirtual.getTotalSize()}px` }}>
        <HeadRow {...{ columns, shown, headWidth, view, onSort }} />
        {rowVirtual.getVirtualItems().map((item) => (
          <GridLine
            key={item.key}
            {...{ item, columns, shown, headWidth, now, compact, active, line: lines[item.index] }}
            onPoint={(column) => setActive({ line: item.index, column })}
          />
        ))}
      </div>
    </div>
  );
}

function gridColumns({ columns, lines }: Arrangement): readonly GridColumn[] {
  const published = !matchMedia(NARROW).matches && lines.some((line) => line.kind === 'row' && line.row.published !== null);
  return [
    ...(published ? [{ kind: 'published' } as const] : []),
    ...columns.map((column, index) => ({ kind: 'devices', column, index }) as const),
  ];
}

/** Narrow screens leave more room for the cells. */
function useHeadWidth(): number {
  return useMemo(() => (matchMedia(NARROW).matches ? 136 : 232), []);
}

function cellAt(lines: readonly Line[], columns: readonly GridColumn[], { line, column }: GridPlace) {
  const row = lines[line];
  const at = columns[column];
  return row?.kind === 'row' && at?.kind === 'devices' ? row.cells[at.index] : undefined;
}

function idOf({ line, column }: GridPlace): string {
  return `grid-${line}-${column}`;
}

interface HeadRowProps {
  readonly columns: readonly GridColumn[];
  readonly shown: readonly VirtualItem[];
  readonly headWidth: number;
  readonly view: MatrixView;
  readonly onSort: (columnId: string) => void;
}

function HeadRow({ columns, shown, headWidth, view, onSort }: HeadRowProps) {
  return (
    <div role="row" aria-rowindex={1} class="grid-head" style={{ height: `${HEAD_HEIGHT}px` }}>
      <div role="columnheader" aria-colindex={1} class="corner" style={{ width: `${headWidth}px` }}>
        <div class="head-box">
          <strong>Recipe</strong>
        </div>
      </div>
      {shown.map((item) => {
        const column = columns[item.index];
        const order =
          column?.kind === 'devices' && column.column.id === view.sort ? (view.descending ? 'descending' : 'ascending') : undefined;
        return (
          <div
            key={item.key}
            role="columnheader"
            aria-colindex={item.index + 2}
            aria-sort={order ?? 'none'}
            class="grid-box"
            style={{ left: `${item.start}px`, width: `${item.size}px` }}
          >
            {column?.kind === 'devices' ? (
              <ColumnHead column={column.column} order={order} onSort={() => onSort(column.column.id)} />
            ) : (
              <div class="head-box">
                <strong>Published</strong>
              </div>
            )}
          </div>
        );
      })}
    </div>
  );
}

interface GridLineProps {
  readonly item: VirtualItem;
  readonly line: Line | undefined;
  readonly columns: readonly GridColumn[];
  readonly shown: readonly VirtualItem[];
  readonly headWidth: number;
  readonly now: number;
  readonly compact: boolean;
  readonly active: GridPlace;
  readonly onPoint: (column: number) => void;
}

function GridLine({ item, line, columns, shown, headWidth, now, compact, active, onPoint }: GridLineProps) {
  const style = { top: `${item.start}px`, height: `${item.size}px` };
  const isActive = (column: number) => active.line === item.index && active.column === column;
  if (line === undefined) return null;
  if (line.kind === 'group') {
    return (
      <div role="row" aria-rowindex={item.index + 2} class="grid-row group" style={style}>
        <div role="rowheader" id={idOf({ line: item.index, column: active.column })} class="group-title">
          {line.title} <span class="muted">{line.rows === 1 ? '1 recipe' : `${line.rows} recipes`}</span>
        </div>
      </div>
    );
  }
  return (
    <div role="row" aria-rowindex={item.index + 2} class="grid-row" style={style}>
      <div role="rowheader" aria-colindex={1} class="row-head" style={{ width: `${headWidth}px` }}>
        <RowHead row={line.row} compact={compact} />
      </div>
      {shown.map((at) => {
        const column = columns[at.index];
        const cell = column?.kind === 'devices' ? (line.cells[column.index] ?? null) : null;
        return (
          <div
            key={at.key}
            role="gridcell"
            id={idOf({ line: item.index, column: at.index })}
            aria-colindex={at.index + 2}
            aria-selected={isActive(at.index)}
            class={`grid-box${cell === null ? '' : ` s-${cell.state}`}${isActive(at.index) ? ' active' : ''}`}
            style={{ left: `${at.start}px`, width: `${at.size}px` }}
            onClick={() => onPoint(at.index)}
          >
            {column?.kind === 'published' && <PublishedBox row={line.row} compact={compact} />}
            {cell !== null && <CellBox cell={cell} now={now} compact={compact} />}
          </div>
        );
      })}
    </div>
  );
}
