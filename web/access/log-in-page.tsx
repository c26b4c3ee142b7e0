import { useEffect, useRef, useState } from 'preact/hooks';
import { PageHead } from '../elements/page-head.tsx';
import { FarmProblem, farm } from '../farm/farm.ts';

/** Asks for a token in place of the page of the address, which comes once the farm knows who asks. */
export function LogInPage() {
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<FarmProblem>();
  const [isAsking, setAsking] = useState(false);
  useEffect(() => field.current?.focus(), []);
  const ask = async () => {
    setAsking(true);
    setProblem(undefined);
    try {
      await farm.logIn(token.trim());
    } catch (error) {
      if (!(error instanceof FarmProblem)) throw error;
      setProblem(error);
      setAsking(false);
      field.current?.select();
    }
  };
  return (
    <form
      class="log-in notice"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isAsking) void ask();
      }}
    >
      <PageHead title="Log in" />
      <label for="token">API token</label>
      <input
        id="token"
        ref={field}
        type="password"
        required
        maxLength={200}
        autocomplete="current-password"
        spellcheck={false}
        value={token}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? 'token-help' : 'token-problem token-help'}
        onInput={({ currentTarget }) => setToken(currentTarget.value)}
      />
      <p id="token-problem" class="bad" role="alert">
        {problem !== undefined && refusalOf(problem)}
      </p>
      <p class="buttons">
        <button type="submit" class="plain primary" aria-disabled={isAsking}>
          Log in
        </button>
      </p>
      <p id="token-help" class="muted">
        Whoever operates this farm makes a token with <code>grove token create NAME</code>, which prints it once. More: docs/security.md,
        “Add people and programs”.
      </p>
    </form>
  );
}

/** The advice that comes with a refused token is for a terminal. */
function refusalOf({ code, message, advice }: FarmProblem): string {
  return code === 'unauthenticated' ? `Not logged in. ${message}` : `${message} ${advice}`;
}
