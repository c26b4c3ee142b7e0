import { readFile } from 'node:fs/promises';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { GroveError } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/ports.ts';

/** An answer begins within this, or the server counts as away. */
const ANSWER_MS = 10_000;
/** Copying and joining parts move whole objects before the answer begins. */
const MOVE_MS = 15 * 60_000;
/** Silence in the middle of a body; longer than the pauses of whoever reads it. */
const BODY_IDLE_MS = 120_000;
/** Answers that the client drops unread. */
const UNREAD_STATUSES: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 520]);

type OnAnswer = (response: IncomingMessage) => void;

/** HTTP to one S3 server: bounded waits, kept connections, and what its clock says. */
export class S3Transport {
  readonly agent: HttpAgent;
  readonly #secure: boolean;
  readonly #clock: Pick<Clock, 'now'>;
  #aheadMs = 0;

  private constructor(secure: boolean, certificates: readonly string[], clock: Pick<Clock, 'now'>) {
    this.#secure = secure;
    this.#clock = clock;
    const options = { keepAlive: true, maxSockets: 64, timeout: BODY_IDLE_MS };
    this.agent = secure
      ? new HttpsAgent({ ...options, ...(certificates.length > 0 && { ca: [...certificates] }) })
      : new HttpAgent(options);
  }

  /** Throws `invalid-config` when the CA file cannot be read. */
  static async open(secure: boolean, caFile: string | null, clock: Pick<Clock, 'now'>): Promise<S3Transport> {
    if (caFile === null) return new S3Transport(secure, [], clock);
    const own = await readFile(caFile, 'utf8').catch((error: unknown) => {
      throw new GroveError('invalid-config', {
        where: 'artifacts.caFile',
        problem: error instanceof Error ? error.message : String(error),
      });
    });
    return new S3Transport(secure, [...rootCertificates, own], clock);
  }

  /** How far this machine's clock is ahead of the server's, by the server's last answer, in seconds. */
  get aheadSeconds(): number {
    return Math.round(this.#aheadMs / 1_000);
  }

  close(): void {
    this.agent.destroy();
  }

  /** As `http.request`, in the one form that the S3 client uses: options and a callback. */
  readonly request = (options: RequestOptions | string | URL, onAnswer?: RequestOptions | OnAnswer): ClientRequest => {
    if (typeof options === 'string' || options instanceof URL || typeof onAnswer !== 'function')
      throw new TypeError('requests are made of options and a callback');
    const send = this.#secure ? httpsRequest : httpRequest;
    const request = send(options, (response) => {
      request.setTimeout(BODY_IDLE_MS);
      this.#compareClocks(response.headers.date);
      if (UNREAD_STATUSES.has(response.statusCode ?? 0)) response.resume();
      onAnswer(response);
    });
    const limitMs = movesObjects(options) ? MOVE_MS : ANSWER_MS;
    request.setTimeout(limitMs, () => request.destroy(new Error(`no answer within ${limitMs / 1_000} s`)));
    return request;
  };

  /** PUTs bytes to a URL and answers the status. */
  send(url: string, headers: Readonly<Record<string, string>>, bytes: Buffer): Promise<number> {
    const options = { ...urlToHttpOptions(new URL(url)), agent: this.agent, method: 'PUT' };
    return new Promise((resolve, reject) => {
      const sent = { ...options, headers: { ...headers, 'content-length': String(bytes.byteLength) } };
      const request = this.request(sent, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      request.on('error', reject);
      request.end(bytes);
    });
  }

  #compareClocks(date: string | undefined): void {
    const serverMs = Date.parse(date ?? '');
    if (!Number.isNaN(serverMs)) this.#aheadMs = this.#clock.now() - serverMs;
  }
}

function movesObjects({ method, headers }: RequestOptions): boolean {
  const copies = headers !== undefined && !Array.isArray(headers) && 'x-amz-copy-source' in headers;
  return copies || method === 'POST';
}
