import type { FarmEvent } from '../../../api/events.ts';
import { isEnd } from '../../../domain/task-state.ts';
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
      const concerns = query.job === undefined ? () => true : concernsJob(query.job);
      const push = (event: FarmEvent): void => {
        if (concerns(event)) stream.push(event);
      };
      // Subscribed before the past is read: what happens meanwhile waits in the stream's queue.
      const unsubscribeStore = store.subscribe((event) => push(farmEvent(event)));
      const unsubscribeProgress = progress.subscribe((taskId, view) => push({ type: 'progress', taskId, ...view }));
      try {
        const after = headers['last-event-id'] === undefined ? query.after : Number(headers['last-event-id']);
        await stream.run(after === undefined ? empty() : onlyThose(eventsAfter(store, after), concerns), signal);
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

async function* onlyThose(events: AsyncIterable<FarmEvent>, concerns: (event: FarmEvent) => boolean): AsyncGenerator<FarmEvent> {
  for await (const event of events) if (concerns(event)) yield event;
}

/**
 * Whether an event is about a job: the job itself, its tasks, and progress of its own tasks and of the shared ones that have been seen to be its. Costs
 * the same for a job of one task and a sweep.
 */
function concernsJob(jobId: string): (event: FarmEvent) => boolean {
  const shared = new Set<string>();
  return (event) => {
    if (event.type === 'reset') return true;
    if (event.type === 'job') return event.jobId === jobId;
    if (event.type === 'progress') return event.taskId.startsWith(`${jobId}-`) || shared.has(event.taskId);
    if (event.type !== 'task' || !event.jobIds.includes(jobId)) return false;
    if (isEnd(event.state)) shared.delete(event.taskId);
    else if (!event.taskId.startsWith(`${jobId}-`)) shared.add(event.taskId);
    return true;
  };
}

async function* empty(): AsyncGenerator<FarmEvent> {}

function farmEvent(event: StoreEvent): FarmEvent {
  return event.type === 'task' ? { ...event, jobIds: [...event.jobIds] } : event;
}
