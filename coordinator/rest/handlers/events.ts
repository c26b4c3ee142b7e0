import type { FarmEvent } from '../../../api/events.ts';
import type { StoreEvent } from '../../store/task-store.ts';
import type { RestDeps } from '../deps.ts';
import type { Handlers } from '../handler.ts';
import { EventStream } from '../streams/event-stream.ts';
import { StreamSlots } from '../streams/stream-slots.ts';

/** Events read from the store at a time while a client catches up. */
const PAGE = 500;

/** Everything that happens, as server-sent events. */
export function eventHandlers({ store, progress, clock, limits }: Pick<RestDeps, 'store' | 'progress' | 'clock' | 'limits'>) {
  const slots = new StreamSlots('event streams', limits.eventStreams);
  return {
    async events({ query, headers, signal }, _req, res) {
      const release = slots.take();
      const stream = new EventStream(res, { backlog: limits.eventBacklog, clock });
      // Subscribed before the past is read: what happens meanwhile waits in the stream's queue.
      const unsubscribeStore = store.subscribe((event) => stream.push(farmEvent(event)));
      const unsubscribeProgress = progress.subscribe((taskId, view) => stream.push({ type: 'progress', taskId, ...view }));
      try {
        const after = headers['last-event-id'] === undefined ? query.after : Number(headers['last-event-id']);
        await stream.run(after === undefined ? empty() : eventsAfter(store, after), signal);
      } finally {
        unsubscribeStore();
        unsubscribeProgress();
        release();
      }
    },
  } satisfies Partial<Handlers>;
}

/** What is kept of the past, oldest first; begins with `reset` when something between is no longer kept. */
async function* eventsAfter(store: RestDeps['store'], after: number): AsyncGenerator<FarmEvent> {
  let cursor = after;
  for (;;) {
    const page = await store.eventsSince(cursor, PAGE);
    const first = page[0];
    if (first === undefined) return;
    if (first.sequence > cursor + 1) yield { type: 'reset', sequence: first.sequence };
    yield* page.map(farmEvent);
    cursor = page.at(-1)?.sequence ?? cursor;
  }
}

async function* empty(): AsyncGenerator<FarmEvent> {}

function farmEvent(event: StoreEvent): FarmEvent {
  return event.type === 'task' ? { ...event, jobIds: [...event.jobIds] } : event;
}
