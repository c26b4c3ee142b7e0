import { useState } from 'preact/hooks';
import type { CurateCellRequest } from '../../api/matrix.ts';
import type { RerunState } from '../../api/reruns.ts';
import type { Cell, CellState } from '../../api/words.ts';
import { Problem } from '../elements/problem.tsx';
import { FarmProblem, farm } from '../farm/farm.ts';
import { navigate } from '../router/location.ts';

interface ActionsProps {
  readonly cell: Cell;
  readonly reload: () => void;
}

const WORDS = [
  ['note', 'Add note'],
  ['pin', 'Pin as baseline'],
  ['acknowledge', 'Acknowledge'],
] as const;

/** What a reader can do about a cell: measure it again, or say something. */
export function Actions({ cell, reload }: ActionsProps) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<FarmProblem>();
  const [isBusy, setBusy] = useState(false);
  const state = rerunState(cell.state);
  const attempt = async (work: () => Promise<void>) => {
    setProblem(undefined);
    setBusy(true);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof FarmProblem)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const rerun = (asked: RerunState) =>
    attempt(async () => {
      const units = cell.units.length > 0 ? cell.units.slice(0, 64) : [cell.key.deviceModel];
      const request = { states: [asked], recipes: [cell.key.recipeId], devices: units, priority: 'interactive' as const };
      const { jobId } = await farm.rerun(request, crypto.randomUUID());
      if (jobId === null)
        setProblem(new FarmProblem({ code: 'nothing', detail: 'No benchmark of this cell can be run again.', advice: '', problems: [] }));
      else navigate(`/jobs/${jobId}`);
    });
  const say = (kind: (typeof WORDS)[number][0]) =>
    attempt(async () => {
      await farm.curate(cell.id, changeOf(kind, text));
      setText('');
      reload();
    });
  if (cell.badges.includes('imported')) return null;
  return (
    <section class="actions">
      {state !== undefined && (
        <button type="button" class="plain primary" disabled={isBusy} onClick={() => void rerun(state)}>
          Measure again
        </button>
      )}
      <label>
        <span class="hidden">Words about this cell</span>
        <input value={text} maxLength={1_000} placeholder="reason or note" onInput={({ currentTarget }) => setText(currentTarget.value)} />
      </label>
      {WORDS.map(([kind, label]) => (
        <button
          key={kind}
          type="button"
          class="plain"
          disabled={isBusy || (kind === 'note' && text.trim() === '')}
          onClick={() => void say(kind)}
        >
          {label}
        </button>
      ))}
      {problem !== undefined && <Problem problem={problem} />}
    </section>
  );
}

function changeOf(kind: (typeof WORDS)[number][0], text: string): CurateCellRequest {
  return kind === 'note' ? { kind, text: text.trim() } : { kind, reason: text.trim() };
}

/** What is queued or runs already is not run again. */
function rerunState(state: CellState): RerunState | undefined {
  return state === 'running' || state === 'waiting' ? undefined : state;
}
