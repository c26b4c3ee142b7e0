import type { CellView } from '../api/matrix.ts';
import { cellText } from '../domain/cell-text.ts';
import { curationText } from '../domain/curation-text.ts';
import { columnText, rowText } from '../domain/matrix-text.ts';
import { table } from './output.ts';

/** A cell as people read it. */
export function cellDetails(view: CellView, nowMs: number): string {
  const { cell, row, column } = view;
  const text = cellText(cell, nowMs);
  const { name, digest } = rowText(row);
  const facts: readonly (readonly [string, string])[] = [
    ['cell', cell.id],
    ['state', `${text.state.sign} ${text.state.label}${text.badges.length > 0 ? `, ${text.badges.join(', ')}` : ''}`],
    ['why', text.reason],
    ['latency', text.latency],
    ['ratio', text.ratio],
    ['placement', text.placement],
    ['quality', text.quality],
    ['ranking', text.ranking],
    ['goals', text.goals],
    ['launches', text.sampling],
    ['units', cell.units.join(', ')],
    ['measured', [text.age, text.environment].filter(Boolean).join(', ')],
    ['reproduce', cell.reproduce],
  ];
  const shown = facts.filter(([, value]) => value !== '').map(([fact, value]) => `${fact.padEnd(10)} ${value}`);
  const said = cell.curation === null ? [] : ['', curationLines(view)];
  return [`${name} ${digest} on ${columnText(column).device} (${columnText(column).detail})`, ...shown, ...said].join('\n');
}

/** What people have said about a cell. */
export function curationLines({ cell }: CellView): string {
  const lines = curationText(cell.curation);
  if (lines.length === 0) return 'Nobody has said anything about this cell.';
  return table(
    ['what', 'by', 'when', 'text'],
    lines.map(({ what, text, by, at }) => [what, by, new Date(at).toISOString().slice(0, 16).replace('T', ' '), text]),
  );
}
