import { EVENT_HEARTBEAT_MS, type FarmEvent, farmEventSchema } from '../events.ts';
import { ROUTES } from '../routes.ts';
import type { Http } from './http.ts';
import { readServerSentEvents, type ServerSentEvent } from './sse.ts';
import { endWhenSilent, Reconnector } from './stream.ts';

/** What to follow. */
export interface EventsOptions {
  /** Begin after this sequence number; default: what happens from now on. */
  readonly after?: number;
  /** Only what happens to this job and its tasks. */
  readonly jobId?: string;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/** Two missed heartbeats and a bit: the connection is dead although nobody said so. */
const SILENCE_MS = EVENT_HEARTBEAT_MS * 2.5;

/**
 * Events of the farm, for ever: a broken connection is opened again after the last event received, so that durable events arrive exactly once and in
 * order. Ends when `signal` aborts. Throws when the farm refuses the request, cannot be reached at first, or stays away.
 */
export async function* followEvents(http: Http, options: EventsOptions): AsyncGenerator<FarmEvent> {
  const reconnector = new Reconnector(http);
  let lastId = options.after === undefined ? undefined : String(options.after);
  while (options.signal?.aborted !== true) {
    try {
      for await (const message of connect(http, {
        lastId,
        jobId: options.jobId,
        signal: options.signal,
        onAnswer: () => reconnector.contact(),
      })) {
        lastId = message.id ?? lastId;
        const event = farmEventSchema.safeParse(JSON.parse(message.data));
        // A newer farm may send kinds this client does not know.
        if (event.success) yield event.data;
      }
      await reconnector.afterEnd(options.signal);
    } catch (error) {
      await reconnector.afterFailure(error, options.signal);
    }
  }
}

interface Connection {
  readonly lastId: string | undefined;
  readonly jobId: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onAnswer: () => void;
}

async function* connect(http: Http, { lastId, jobId, signal, onAnswer }: Connection): AsyncGenerator<ServerSentEvent> {
  const ended = new AbortController();
  const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
  try {
    const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
    const response = await http.stream(ROUTES.events, { headers, query: { job: jobId }, signal: stop });
    onAnswer();
    yield* readServerSentEvents(endWhenSilent(response.body ?? [], SILENCE_MS));
  } finally {
    ended.abort();
  }
}
