import { BADGE_MEANINGS, type CellState, type Matrix, STATE_SIGNS } from '../../api/words.ts';
import { StateChip } from '../elements/chips.tsx';

const STATES = Object.keys(STATE_SIGNS).filter((state): state is CellState => Object.hasOwn(STATE_SIGNS, state));

/** How to read a cell. */
export function Legend({ matrix }: { readonly matrix: Matrix }) {
  const present = [...new Set(matrix.cells.flat().flatMap((cell) => cell?.badges ?? []))];
  return (
    <details class="legend">
      <summary>How to read a cell</summary>
      <p>
        Median latency with its 95 % interval; ratio to the pinned or the previous result; share of node time on the execution provider and
        similarity to the reference; launches x samples of each, age, environment. Substituted, synthetic, emulated and imported cells are
        never ranked with others. Arrow keys move within the matrix, Enter opens a cell, s orders the rows by its column, / goes to the
        search.
      </p>
      <dl>
        {STATES.map((state) => (
          <div key={state}>
            <dt>
              <StateChip state={state} />
            </dt>
            <dd>{STATE_SIGNS[state].meaning}</dd>
          </div>
        ))}
        {present.map((badge) => (
          <div key={badge}>
            <dt>
              <span class="badge">{badge}</span>
            </dt>
            <dd>{BADGE_MEANINGS[badge]}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
