import { type Cell, cellText } from '../../api/words.ts';
import { Badges, StateChip } from '../elements/chips.tsx';

interface CellBoxProps {
  readonly cell: Cell;
  /** When the matrix was made. */
  readonly now: number;
  readonly compact: boolean;
}

/** Badges that have room; the cell's page has all. */
const MOST_BADGES = 2;

/** What one cell of the grid says. */
export function CellBox({ cell, now, compact }: CellBoxProps) {
  const { latency, ratio, placement, quality, sampling, age, environment, reason } = cellText(cell, now);
  const [value = '', interval = ''] = latency.split(' ±');
  const second = ratio === '' ? reason : ratio;
  const third = [placement, quality].filter(Boolean).join(' · ') || (ratio === '' ? '' : reason);
  return (
    <a href={`/cells/${cell.id}`} tabIndex={-1} title={reason}>
      <span class="top">
        {value !== '' && (
          <span class="figure">
            {value}
            {interval !== '' && <small> ±{interval}</small>}
          </span>
        )}
        <StateChip state={cell.state} />
      </span>
      {!compact && (
        <>
          <span class="line">{second}</span>
          <span class="line muted">{third}</span>
          <span class="last muted">
            <span class="line">{[sampling, age, environment].filter(Boolean).join(' · ')}</span>
            <Badges badges={cell.badges.slice(0, MOST_BADGES)} />
            {cell.badges.length > MOST_BADGES && (
              <span class="badge" title={cell.badges.slice(MOST_BADGES).join(', ')}>
                +{cell.badges.length - MOST_BADGES}
              </span>
            )}
          </span>
        </>
      )}
    </a>
  );
}
