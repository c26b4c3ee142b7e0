import type { CallerView } from '../../api/access.ts';
import type { AgentList } from '../../api/agents.ts';
import type { ModelList } from '../../api/imports.ts';
import type { CancelAnswer, Explanation, JobList, JobView } from '../../api/jobs.ts';
import type { CellView, CurateCellRequest } from '../../api/matrix.ts';
import type { ProblemDocument } from '../../api/problem.ts';
import type { RecipeList, RecipeView } from '../../api/recipes.ts';
import type { RerunAnswer, RerunRequest } from '../../api/reruns.ts';
import type { SubmitAnswer, SubmitRequest } from '../../api/submit.ts';
import type { TaskView } from '../../api/tasks.ts';
import type { Matrix } from '../../api/words.ts';
import { logIn } from './log-in.ts';

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
  caller: (asking?: Asking) => get<CallerView>('/api/v1/session', asking),
  /** The token is exchanged for a cookie and kept nowhere. */
  logIn: async (token: string) => {
    await post<CallerView>('/api/v1/session', { token });
    logIn.done();
  },
  logOut: async () => {
    await post('/api/v1/session/end', {});
    logIn.refused(logIn.count);
  },
  matrix: (asking?: Asking) => get<Matrix>('/api/v1/matrix?format=json', asking),
  cell: (cellId: string, asking?: Asking) => get<CellView>(`/api/v1/cells/${encodeURIComponent(cellId)}`, asking),
  curate: (cellId: string, change: CurateCellRequest) => post<CellView>(`/api/v1/cells/${encodeURIComponent(cellId)}/curation`, change),
  jobs: (before: string | undefined, asking?: Asking) =>
    get<JobList>(`/api/v1/jobs?limit=100${before === undefined ? '' : `&before=${before}`}`, asking),
  job: (jobId: string, asking?: Asking) => get<JobView>(`/api/v1/jobs/${encodeURIComponent(jobId)}`, asking),
  explain: (jobId: string, asking?: Asking) => get<Explanation>(`/api/v1/jobs/${encodeURIComponent(jobId)}/explain`, asking),
  cancel: (jobId: string) => post<CancelAnswer>(`/api/v1/jobs/${encodeURIComponent(jobId)}/cancel`, {}),
  task: (taskId: string, asking?: Asking) => get<TaskView>(`/api/v1/tasks/${encodeURIComponent(taskId)}`, asking),
  agents: (asking?: Asking) => get<AgentList>('/api/v1/agents', asking),
  recipes: (asking?: Asking) => get<RecipeList>('/api/v1/recipes', asking),
  recipe: (recipeId: string, asking?: Asking) => get<RecipeView>(`/api/v1/recipes/${encodeURIComponent(recipeId)}`, asking),
  models: (asking?: Asking) => get<ModelList>('/api/v1/models', asking),
  submit: (request: SubmitRequest, key: string) => post<SubmitAnswer>('/api/v1/jobs', request, key),
  rerun: (request: RerunRequest, key: string) => post<RerunAnswer>('/api/v1/reruns', request, key),
  /** Raw samples of one launch, milliseconds, in order. */
  samples: async (sha256: string, { signal }: Asking = {}) => {
    const response = await send(`/api/v1/artifacts/${sha256}`, signal === undefined ? {} : { signal });
    return readSamples(await response.arrayBuffer());
  },
  /** The log of an attempt as it grows, from `offset` bytes on, until the attempt ends. */
  followLog: (taskId: string, { attempt, offset, signal }: LogRequest) =>
    send(`/api/v1/tasks/${encodeURIComponent(taskId)}/logs?attempt=${attempt}&follow=1&offset=${offset}`, { signal }),
} as const;

interface LogRequest {
  readonly attempt: number;
  /** Bytes that are known already. */
  readonly offset: number;
  readonly signal: AbortSignal;
}

/** Little-endian float64. */
function readSamples(bytes: ArrayBuffer): Float64Array {
  const view = new DataView(bytes);
  return Float64Array.from({ length: Math.floor(bytes.byteLength / 8) }, (_, index) => view.getFloat64(index * 8, true));
}

/** Repeating a request under its key answers what the first one made. */
async function post<T>(path: string, body: unknown, key?: string): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) };
  return readAnswer<T>(await send(path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function get<T>(path: string, { signal }: Asking = {}): Promise<T> {
  return readAnswer<T>(await send(path, signal === undefined ? {} : { signal }));
}

async function readAnswer<T>(response: Response): Promise<T> {
  const answer: T = await response.json();
  return answer;
}

/** Throws the answer's problem. */
async function send(path: string, init: RequestInit): Promise<Response> {
  const { count } = logIn;
  const response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } }).catch((cause: unknown) => {
    if (init.signal?.aborted === true) throw cause;
    throw unreachable();
  });
  if (response.ok) return response;
  if (response.status === 401) logIn.refused(count);
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
