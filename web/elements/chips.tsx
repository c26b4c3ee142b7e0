import { BADGE_MEANINGS, type Badge, type CellState, STATE_SIGNS } from '../../api/words.ts';

/** A cell's state by sign, word and colour. */
export function StateChip({ state }: { readonly state: CellState }) {
  const { sign, label, meaning } = STATE_SIGNS[state];
  return (
    <span class={`chip s-${state}`} title={meaning}>
      <span aria-hidden="true">{sign}</span> {label}
    </span>
  );
}

/** The facts beside a cell's state, each with its meaning. */
export function Badges({ badges }: { readonly badges: readonly Badge[] }) {
  return (
    <>
      {badges.map((badge) => (
        <span key={badge} class="badge" title={BADGE_MEANINGS[badge]}>
          {badge}
        </span>
      ))}
    </>
  );
}
