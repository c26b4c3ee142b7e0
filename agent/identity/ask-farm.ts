import { request as httpsRequest, type RequestOptions } from 'node:https';
import { z } from 'zod';
import { GroveError, isErrorCode } from '../../domain/errors.ts';

/** Longest wait for an answer. */
const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 262_144;

const problemSchema = z.object({
  code: z.string(),
  detail: z.string(),
  advice: z.string(),
  fault: z.enum(['input', 'recipe', 'device', 'infrastructure', 'grove']),
  retryable: z.boolean(),
});

/** One request before there is a session. */
export interface Question {
  /** Origin of the farm. */
  readonly url: string;
  readonly path: string;
  /** PEM of the authority that must have signed the server's certificate; null asks whoever answers, for what is checked otherwise. */
  readonly authority: string | null;
  /** Sent as JSON; undefined asks with GET. */
  readonly body?: unknown;
}

/** The farm's answer, as its schema reads it. Throws the farm's refusal, `untrusted-farm`, `not-running` and `unexpected-answer`. */
export async function askFarm<T>(question: Question, schema: z.ZodType<T>): Promise<T> {
  const { status, text } = await exchange(question);
  const document = parseJson(text);
  if (status >= 400) throw refusalOf(document) ?? unexpected(question, `HTTP ${status}`);
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw unexpected(question, `${question.path}: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not as expected`);
}

function exchange(question: Question): Promise<{ readonly status: number; readonly text: string }> {
  const { url, path, authority, body } = question;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const trust: RequestOptions = authority === null ? { rejectUnauthorized: false } : { ca: authority };
  const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    // A connection of its own: one that was opened without trust must not serve what needs it.
    const options = { ...trust, headers, method: text === undefined ? 'GET' : 'POST', agent: false, timeout: TIMEOUT_MS };
    const request = httpsRequest(new URL(path, url), options, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        answer += chunk;
        if (answer.length > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: answer }));
      response.on('error', (error) => reject(failureOf(question, error)));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.on('error', (error) => reject(failureOf(question, error)));
    request.end(text);
  });
}

/** Node's codes of certificates that prove something else than they should. */
const UNTRUSTED = /CERT|SIGNATURE|ALTNAME|SELF_SIGNED|ISSUER|TLS|SSL|EPROTO/;

function failureOf({ url }: Question, error: Error): GroveError {
  const code = 'code' in error ? String(error.code) : '';
  return UNTRUSTED.test(code)
    ? new GroveError('untrusted-farm', { url, problem: error.message }, { cause: error })
    : new GroveError('not-running', { url }, { cause: error });
}

function refusalOf(document: unknown): GroveError | undefined {
  const { data } = problemSchema.safeParse(document);
  if (data === undefined || !isErrorCode(data.code)) return undefined;
  const { code, detail: message, advice, fault, retryable } = data;
  return GroveError.fromReport({ code, message, advice, fault, retryable });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unexpected({ url }: Question, problem: string): GroveError {
  return new GroveError('unexpected-answer', { url, problem });
}
