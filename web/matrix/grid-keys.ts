/** A place in the grid: a line and a column, both from 0. */
export interface GridPlace {
  readonly line: number;
  readonly column: number;
}

/** What bounds a move. */
export interface GridShape {
  readonly lines: number;
  readonly columns: number;
  /** Lines that one page key moves by. */
  readonly page: number;
}

/** Where a key leads from a place; undefined for keys that move nowhere. */
export function moveBy(key: string, { line, column }: GridPlace, { lines, columns, page }: GridShape): GridPlace | undefined {
  const moves: Readonly<Record<string, GridPlace>> = {
    ArrowUp: { line: line - 1, column },
    ArrowDown: { line: line + 1, column },
    ArrowLeft: { line, column: column - 1 },
    ArrowRight: { line, column: column + 1 },
    PageUp: { line: line - page, column },
    PageDown: { line: line + page, column },
    Home: { line, column: 0 },
    End: { line, column: columns - 1 },
  };
  const moved = moves[key];
  return moved && { line: within(moved.line, lines), column: within(moved.column, columns) };
}

function within(value: number, count: number): number {
  return Math.max(0, Math.min(value, count - 1));
}
