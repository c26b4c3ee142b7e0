import { useEffect, useState } from 'preact/hooks';
import { FarmProblem, farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { useLiveState } from '../farm/use-live-state.ts';

/** Who has logged in, and the way out; nothing on a farm that asks nobody. */
export function SessionSign() {
  const { value, reload } = useAnswer({ ask: (signal) => farm.caller({ signal }), key: 'caller' });
  const liveState = useLiveState();
  const [problem, setProblem] = useState<FarmProblem>();
  useEffect(() => {
    // A browser does not tell why a stream was refused; this answer tells whether somebody must log in.
    if (liveState === 'lost') reload();
  }, [liveState, reload]);
  if (value === undefined || value.expiresAt === null) return null;
  const leave = async () => {
    setProblem(undefined);
    try {
      await farm.logOut();
    } catch (error) {
      if (!(error instanceof FarmProblem)) throw error;
      setProblem(error);
    }
  };
  return (
    <span class="session">
      <span title={`Logged in until ${new Date(value.expiresAt).toLocaleString()}`}>
        {value.name} <span class="muted">({value.role})</span>
      </span>{' '}
      <button type="button" class="link" onClick={() => void leave()}>
        log out
      </button>
      {problem !== undefined && <span role="alert"> {problem.message}</span>}
    </span>
  );
}
