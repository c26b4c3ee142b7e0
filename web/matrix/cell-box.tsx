import { type Cell, cellText } from '../../api/words.ts';
import { Badges, StateChip } from '../elements/chips.tsx';

interface CellBoxProps {
  readonly cell: Cell;
  /** When the matrix was made. */
  readonly now: number;
  readonly compact: boolean;
}

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
          <span class="line muted">
            <span class="badges">
              <Badges badges={cell.badges} />
            </span>
            {[sampling, age, environment].filter(Boolean).join(' · ')}
          </span>
        </>
      )}
    </a>
  );
}
