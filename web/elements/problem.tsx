import type { FarmProblem } from '../farm/farm.ts';

/** Why there is no answer, and what to do. */
export function Problem({ problem }: { readonly problem: FarmProblem }) {
  return (
    <section class="notice bad" role="alert">
      <p>
        <strong>{problem.message}</strong> {problem.advice} <code>{problem.code}</code>
      </p>
      {problem.problems.length > 0 && (
        <ul>
          {problem.problems.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Nothing is known yet. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="muted" role="status">
      Reading {what} …
    </p>
  );
}
