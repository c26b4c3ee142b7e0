import type { ProblemDocument } from '../../api/problem.ts';
import type { Matrix } from '../../api/words.ts';

/** An answer that is no success, in the farm's words. */
export class FarmProblem extends Error {
  override readonly name = 'FarmProblem';
  /** Stable code of the error registry; `unreachable` when nobody answers. */
  readonly code: string;
  readonly advice: string;
  readonly problems: ProblemDocument['problems'];

  constructor({ code, detail, advice, problems }: Pick<ProblemDocument, 'code' | 'detail' | 'advice' | 'problems'>) {
    super(detail);
    this.code = code;
    this.advice = advice;
    this.problems = problems;
  }
}

/** How to ask. */
interface Asking {
  readonly signal?: AbortSignal;
}

/**
 * The farm that served this page. Page and farm are of one build, so that answers are taken as the API's types say, without the seconds that checking
 * ten thousand cells would take. Every function throws {@link FarmProblem}.
 */
export const farm = {
  matrix: (asking?: Asking) => get<Matrix>('/api/v1/matrix?format=json', asking),
} as const;

async function get<T>(path: string, { signal }: Asking = {}): Promise<T> {
  return readAnswer<T>(await send(path, signal === undefined ? {} : { signal }));
}

async function readAnswer<T>(response: Response): Promise<T> {
  const answer: T = await response.json();
  return answer;
}

/** Throws the answer's problem. */
async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } }).catch((cause: unknown) => {
    if (init.signal?.aborted === true) throw cause;
    throw unreachable();
  });
  if (response.ok) return response;
  throw await problemOf(response);
}

function unreachable(): FarmProblem {
  return new FarmProblem({
    code: 'unreachable',
    detail: 'The farm does not answer.',
    advice: 'Look whether it runs: grove doctor. This page asks again by itself.',
    problems: [],
  });
}

async function problemOf(response: Response): Promise<FarmProblem> {
  const document: Partial<ProblemDocument> = await response.json().catch(() => ({}));
  const { code = `status ${response.status}`, detail = response.statusText, advice = '', problems = [] } = document;
  return new FarmProblem({ code, detail, advice, problems });
}
