import type { CellView } from '../../api/matrix.ts';
import { STATE_SIGNS, shortEp } from '../../api/words.ts';
import { StateChip } from '../elements/chips.tsx';
import { type Fact, Facts } from '../elements/facts.tsx';
import { Ago } from '../elements/time.tsx';
import { sinceLastGood } from './since-last-good.ts';

/** What a reader of a bad cell wants to know first: what changed since it was good, and whether its siblings are bad too. */
export function TurnSection({ view }: { readonly view: CellView }) {
  const { cell } = view;
  const turn = sinceLastGood(view);
  const siblings = cell.unitStates.map(({ unit, state }) => (
    <span key={unit} class="sibling">
      {unit ?? 'no unit'} <StateChip state={state} />
    </span>
  ));
  if (turn === undefined) {
    return siblings.length === 0 ? null : (
      <section>
        <h2>Units</h2>
        <p class="siblings">{siblings}</p>
      </section>
    );
  }
  const { lastGood, firstBad } = cell.history;
  const differing = turn.changes.filter(({ differs }) => differs);
  return (
    <section class="notice turn">
      <h2>Changed since last good</h2>
      <Facts
        facts={[
          ['Last good', lastGood === null ? 'never' : <Ago key="good" at={lastGood.at} />],
          [
            'First bad attempt',
            firstBad !== null && (
              <>
                <Ago at={firstBad.at} /> {turn.bad !== undefined && <a href={`/jobs/${turn.bad.jobId}`}>its job</a>}{' '}
                <a href={`/api/v1/tasks/${firstBad.taskId}/logs`}>log</a>
                {turn.bad !== undefined && ` · ${STATE_SIGNS[turn.bad.state].label}${turn.bad.code === null ? '' : `, ${turn.bad.code}`}`}
              </>
            ),
          ],
          ...differing.map(
            ({ what, before, after }): Fact => [
              what,
              <>
                <code>{before?.slice(0, 12)}</code> became <code>{after?.slice(0, 12)}</code>
              </>,
            ],
          ),
          ['Unchanged', unchanged(turn.changes)],
          ['What differs', turn.changes.length === 0 && 'not known: the last good result is no longer among the newest'],
          ['Sibling units', siblings.length > 0 && siblings],
          [
            'Nodes off the provider',
            cell.history.fallback !== null &&
              `${cell.history.fallback.before} before, ${cell.history.fallback.now} now, asked for ${shortEp(cell.key.requestedEp)}`,
          ],
        ]}
      />
    </section>
  );
}

function unchanged(changes: readonly { readonly what: string; readonly differs: boolean; readonly after: string | null }[]): string {
  return changes.flatMap(({ what, differs, after }) => (differs || after === null ? [] : [what])).join(', ');
}
