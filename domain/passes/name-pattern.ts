/** Syntax of a regular expression that Python has and JavaScript does not, as it is written; undefined when there is none. */
export function pythonOnlySyntax(pattern: string): string | undefined {
  return /\(\?[Pa-zA-Z#(]|\\[AZ]/.exec(pattern)?.[0];
}

/** Each further one multiplies the steps a long name may take. */
const MAX_REPETITIONS = 3;

/** Why a regular expression is not accepted; undefined when it is. Nested repetitions are not: matching them can take exponential time. */
export function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
  } catch {
    return 'is no regular expression';
  }
  const { nested, repetitions } = scan(pattern);
  if (nested) return 'repeats a group that itself repeats or chooses, which can take for ever to match';
  return repetitions > MAX_REPETITIONS ? `repeats ${repetitions} times; ${MAX_REPETITIONS} are the most` : undefined;
}

const REPEATS = '*+{';

/** Whether a group that repeats or chooses is repeated, and how many repetitions there are. */
function scan(pattern: string): { readonly nested: boolean; readonly repetitions: number } {
  /** For each open group whether it repeats or chooses. */
  const groups: boolean[] = [];
  const mark = (): void => {
    if (groups.length > 0) groups[groups.length - 1] = true;
  };
  let nested = false;
  let repetitions = 0;
  for (const [token, following] of tokens(pattern)) {
    if (token === '(') groups.push(false);
    if (token === '|') mark();
    if (REPEATS.includes(token)) {
      repetitions++;
      mark();
    }
    if (token !== ')' || groups.pop() !== true) continue;
    nested ||= REPEATS.includes(following);
    mark();
  }
  return { nested, repetitions };
}

/** Characters that are no literals by position, each with what follows: escapes and classes count as one letter. */
function tokens(pattern: string): readonly (readonly [string, string])[] {
  const plain = pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x');
  return [...plain].map((token, at) => [token, plain.charAt(at + 1) || ' ']);
}
