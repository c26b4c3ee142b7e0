import type { z } from 'zod';
import { GroveError, type Problem } from '../../domain/errors.ts';
import { jsonPath } from '../../domain/recipe/findings.ts';

type Issue = z.core.$ZodIssue;

/**
 * The value as `schema` reads it. Throws `invalid-request` with every problem at its place; `root` names the outermost value: `$` for a body, `query`
 * for the query string.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, root: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => locate(issue, root));
  const [first] = problems;
  throw new GroveError(
    'invalid-request',
    { problem: first === undefined ? `${root} is not valid` : `${first.path}: ${first.message}` },
    { problems },
  );
}

/** A zod issue as problems with JSON paths. Of a union the alternative that came nearest speaks; an unknown member is named itself. */
function locate(issue: Issue, root: string): readonly Problem[] {
  const path = jsonPath(root, ...issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: jsonPath(path, key), message: 'unknown member' }));
  if (issue.code === 'invalid_union') {
    const nearest = nearestAlternative(issue.errors);
    if (nearest !== undefined) return nearest.flatMap((inner) => locate(inner, path));
  }
  return [{ path, message: issue.message }];
}

/** The alternative with the fewest problems, unless all of them refuse the value as a whole (a wrong type at its root). */
function nearestAlternative(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const inside = alternatives.filter((issues) => issues.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'));
  return inside.toSorted((a, b) => a.length - b.length)[0];
}
