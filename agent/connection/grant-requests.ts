import { GroveError } from '../../domain/errors.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Clock, Random, Timer } from '../../domain/ports.ts';
import type { CoordinatorMessage, Grant, GrantRequest } from '../../domain/protocol.ts';
import type { LeaseRef } from '../../domain/task.ts';

/** A request without an answer for this long, reconnects included, has failed. */
export const GRANT_TIMEOUT_MS = 60_000;

interface Waiting {
  readonly request: GrantRequest;
  resolve(grants: readonly Grant[]): void;
  reject(error: unknown): void;
}

/** What asking for grants needs from the session. */
export interface GrantRequestsContext {
  readonly clock: Clock;
  readonly random: Random;
  /** Sends when connected; dropped otherwise, because every connect resends what waits. */
  send(request: GrantRequest): void;
}

/** Grant requests under way: each is answered once, resent after a reconnect, and fails after {@link GRANT_TIMEOUT_MS} or when its task stops. */
export class GrantRequests {
  readonly #context: GrantRequestsContext;
  readonly #waiting = new Map<string, Waiting>();

  constructor(context: GrantRequestsContext) {
    this.#context = context;
  }

  /** Throws `transfer-failed` when nobody answers, the coordinator's own error when it refuses, and the signal's reason when aborted. */
  async ask(
    what: { readonly lease: LeaseRef; readonly direction: 'put' | 'get'; readonly blobs: readonly Blob[] },
    signal: AbortSignal,
  ): Promise<readonly Grant[]> {
    signal.throwIfAborted();
    const request: GrantRequest = { type: 'grantRequest', requestId: this.#context.random.id(), ...what };
    let timer: Timer | undefined;
    let onAbort = () => {};
    try {
      return await new Promise<readonly Grant[]>((resolve, reject) => {
        this.#waiting.set(request.requestId, { request, resolve, reject });
        timer = this.#context.clock.after(GRANT_TIMEOUT_MS, () => reject(noAnswer(what.blobs.length)));
        onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        this.#context.send(request);
      });
    } finally {
      timer?.cancel();
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(request.requestId);
    }
  }

  /** An answer to a request that no longer waits is ignored. */
  answer(message: Extract<CoordinatorMessage, { type: 'grant' }>): void {
    const waiting = this.#waiting.get(message.requestId);
    if (waiting === undefined) return;
    if (message.error !== null) waiting.reject(GroveError.fromReport(message.error));
    else if (!coversAll(waiting.request.blobs, message.grants))
      waiting.reject(new GroveError('malformed-message', { message: 'grant', problem: 'it does not answer every blob asked for' }));
    else waiting.resolve(message.grants);
  }

  /** The last connection took its requests with it. */
  resendAll(): void {
    for (const { request } of this.#waiting.values()) this.#context.send(request);
  }
}

function coversAll(blobs: readonly Blob[], grants: readonly Grant[]): boolean {
  const granted = new Set(grants.map((grant) => grant.sha256));
  return blobs.every((blob) => granted.has(blob.sha256));
}

function noAnswer(count: number): GroveError {
  return new GroveError('transfer-failed', {
    what: `${count} file(s)`,
    problem: 'the coordinator did not answer the request for their addresses',
  });
}
