import type { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { errorOf, PROBLEM_CONTENT_TYPE, problemSchema } from '../problem.ts';
import { fillPath, type Route } from '../route.ts';

/** How a client reaches its farm. */
export interface ClientOptions {
  /** Address of the coordinator, for example `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Default: the platform's own. */
  readonly fetch?: typeof fetch;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest wait for an answer that is not a stream. Default 30,000. */
  readonly timeoutMs?: number;
  /** First delay before a failed transfer or a broken stream is tried again; it doubles up to ten times this. Default 500. */
  readonly retryDelayMs?: number;
  /** How long a followed stream waits for a farm that went away, for example to restart. Default 60,000. */
  readonly patienceMs?: number;
}

/** Parts of one request. Undefined query values are left out. */
export interface RequestParts {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Largest JSON answer a client reads. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** One farm over HTTP: turns routes into requests and problems into GroveErrors. */
export class Http {
  readonly retryDelayMs: number;
  readonly patienceMs: number;
  readonly #base: URL;
  readonly #fetch: typeof fetch;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  constructor(options: ClientOptions) {
    this.#base = parseUrl(options.url);
    this.#fetch = options.fetch ?? fetch;
    this.#headers = options.headers ?? {};
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.retryDelayMs = options.retryDelayMs ?? 500;
    this.patienceMs = options.patienceMs ?? 60_000;
  }

  get url(): string {
    return this.#base.origin;
  }

  /** The answer of a JSON route, checked. Throws the problem's GroveError, `not-running`, or `unexpected-answer`. */
  async json<S extends z.ZodType>(route: Route, schema: S, parts: RequestParts = {}): Promise<z.output<S>> {
    const signal = anySignal(parts.signal, AbortSignal.timeout(this.#timeoutMs));
    const response = await this.stream(route, { ...parts, signal });
    const text = await this.#readText(response);
    const parsed = schema.safeParse(this.#parseJson(text));
    if (parsed.success) return parsed.data;
    const first = parsed.error.issues[0];
    throw this.#unexpected(`${route.path}: ${first?.path.join('.') ?? ''}: ${first?.message ?? 'no JSON'}`);
  }

  /** The open response of a route, for streams. Throws as {@link json} does when the status is an error. */
  async stream(route: Route, parts: RequestParts = {}): Promise<Response> {
    const url = new URL(fillPath(route, parts.params ?? {}), this.#base);
    for (const [name, value] of Object.entries(parts.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
    const init: RequestInit = { method: route.method.toUpperCase(), headers: { ...this.#headers, ...parts.headers } };
    if (parts.signal !== undefined) init.signal = parts.signal;
    if (parts.body !== undefined) {
      init.body = JSON.stringify(parts.body);
      init.headers = { ...init.headers, 'content-type': 'application/json' };
    }
    return this.send(url, init);
  }

  /** Sends a request to any URL of the farm or its artifact store. Throws the answer's problem. */
  async send(url: string | URL, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(url, init).catch((cause: unknown) => {
      if (init.signal?.aborted === true && !isTimeout(init.signal.reason)) throw init.signal.reason;
      throw this.#isFarm(url) && isUntrusted(cause)
        ? untrusted(this.url, cause)
        : new GroveError('not-running', { url: this.url }, { cause });
    });
    // 503 is an answer, not a failure, only where the body says so; problems carry their own media type.
    if (response.ok || (response.status === 503 && !isProblem(response) && isJson(response))) return response;
    throw await this.#failureOf(response);
  }

  /** Sends bytes to the farm or to its artifact store. Throws the farm's problem, and `transfer-failed` for another store's refusal. */
  async put(url: string, init: RequestInit): Promise<void> {
    const response = await this.send(url, { ...init, method: 'PUT' }).catch((error: unknown) => {
      const foreign = error instanceof GroveError && error.code === 'unexpected-answer';
      throw foreign ? new GroveError('transfer-failed', { what: 'the bytes', problem: error.message }, { cause: error }) : error;
    });
    await response.body?.cancel();
  }

  /** Rather than its artifact store. */
  #isFarm(url: string | URL): boolean {
    return new URL(url).origin === new URL(this.url).origin;
  }

  async #failureOf(response: Response): Promise<GroveError> {
    const text = await this.#readText(response).catch(() => '');
    if (isProblem(response)) {
      const problem = problemSchema.safeParse(this.#parseJson(text));
      if (problem.success) return errorOf(problem.data);
    }
    return this.#unexpected(`status ${response.status} ${text.slice(0, 200)}`);
  }

  async #readText(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ANSWER_BYTES) throw this.#unexpected(`more than ${MAX_ANSWER_BYTES} bytes`);
    }
    return text + decoder.decode();
  }

  #parseJson(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#unexpected('it is not JSON');
    }
  }

  #unexpected(problem: string): GroveError {
    return new GroveError('unexpected-answer', { url: this.url, problem });
  }
}

function parseUrl(url: string): URL {
  if (URL.canParse(url)) {
    const parsed = new URL(url);
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed;
  }
  throw new GroveError('invalid-argument', { problem: `"${url}" is not the http address of a farm` });
}

function isProblem(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith(PROBLEM_CONTENT_TYPE);
}

function isJson(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('application/json');
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}

function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/** Codes by which Node and OpenSSL say that a certificate does not prove what it should. */
const UNTRUSTED = /CERT|SIGNATURE|ALTNAME|SELF_SIGNED|ISSUER/;

function isUntrusted(cause: unknown): boolean {
  const reason = cause instanceof Error ? cause.cause : undefined;
  return reason instanceof Error && 'code' in reason && UNTRUSTED.test(String(reason.code));
}

/** As a farm that enrols is to a machine that has not logged in. */
function untrusted(url: string, cause: unknown): GroveError {
  const problem = `nobody this machine knows vouches for it; \`grove login ${url}\` tells it whom to trust`;
  return new GroveError('untrusted-farm', { url, problem }, { cause });
}
