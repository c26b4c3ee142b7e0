import type { Delivery, Notice, NotificationsView } from '../../api/notifications.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { JobId } from '../../domain/names.ts';
import type { Clock, Random, Timer } from '../../domain/ports.ts';
import type { Turn } from '../peers/turn.ts';
import type { StoreEvent, TaskStore } from '../store/task-store.ts';
import type { Channel } from './channel.ts';
import { farmConditions } from './farm-conditions.ts';
import { countsOf, jobNotice, noticeOf } from './job-notice.ts';
import type { NotifyConfig } from './notify-config.ts';
import { Outbox } from './outbox.ts';

/** How often the farm is looked at. */
const LOOK_EVERY_MS = 60_000;
/** Jobs whose end is still to be told; of more that end in one go, those that come last are not told of. */
const MAX_ENDED = 1_000;

export interface NotifierDeps {
  readonly config: Omit<NotifyConfig, 'webhooks' | 'email'>;
  readonly channels: readonly Channel[];
  readonly store: Pick<TaskStore, 'subscribe' | 'tasksOf' | 'agents' | 'queues'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
  /** Of several coordinators one tells. */
  readonly turn: Pick<Turn, 'isMine'>;
  matrix(): Promise<Matrix>;
  onDelivered(delivery: Delivery): void;
  onFailed(delivery: Delivery): void;
  /** The farm or a job could not be looked at. */
  onError(error: unknown): void;
}

export interface Notifier {
  view(): NotificationsView;
  /** A notice that says that notices arrive. */
  test(by: string): void;
  stop(): Promise<void>;
}

/** Tells people what has happened: once for each job that ended, and once for whatever begins to be wrong in the farm. */
export function createNotifier(deps: NotifierDeps): Notifier {
  return new FarmNotifier(deps);
}

class FarmNotifier implements Notifier {
  readonly #deps: NotifierDeps;
  readonly #outbox: Outbox;
  readonly #unsubscribe: () => void;
  readonly #ended = new Set<JobId>();
  /** Jobs that have been told of: one that goes on with further devices ends again. */
  readonly #told = new Set<JobId>();
  /** What was wrong at the last look; undefined before the first. */
  #known: ReadonlySet<string> | undefined;
  #timer: Timer;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
    const { channels, clock, onDelivered, onFailed } = deps;
    this.#outbox = new Outbox({ channels, clock, onDelivered, onFailed });
    this.#unsubscribe = deps.store.subscribe((event) => this.#hear(event));
    this.#timer = clock.after(LOOK_EVERY_MS, () => this.#lookAgain());
  }

  view(): NotificationsView {
    return {
      channels: this.#deps.channels.map(({ name }) => name),
      reasons: [...this.#deps.config.reasons],
      deliveries: this.#outbox.deliveries.map((delivery) => ({ ...delivery })),
    };
  }

  test(by: string): void {
    const at = this.#deps.clock.now();
    this.#outbox.send({
      ...noticeOf([], at),
      id: `test:${this.#deps.random.id()}`,
      kind: 'test',
      subject: `a test that ${by} asked for`,
      jobId: null,
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#timer.cancel();
    await this.#work;
    await this.#outbox.stop();
  }

  #hear(event: StoreEvent): void {
    if (event.type !== 'job' || event.state === 'running' || this.#told.has(event.jobId) || this.#ended.size >= MAX_ENDED) return;
    this.#ended.add(event.jobId);
    this.#then(() => this.#tellOfJobs());
  }

  #lookAgain(): void {
    this.#then(() => this.#tellOfJobs());
    this.#then(() => this.#tellOfFarm());
    this.#timer = this.#deps.clock.after(LOOK_EVERY_MS, () => this.#lookAgain());
  }

  /** One thing at a time, outside the event that caused it. */
  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => (this.#stopped ? undefined : work())).catch((error: unknown) => this.#deps.onError(error));
  }

  async #tellOfJobs(): Promise<void> {
    if (this.#ended.size === 0) return;
    const isMine = await this.#deps.turn.isMine();
    const matrix = isMine ? await this.#deps.matrix() : undefined;
    // What fails stays, for the next look.
    for (const jobId of this.#ended) {
      if (matrix !== undefined) await this.#tellOfJob(jobId, matrix);
      this.#ended.delete(jobId);
    }
  }

  async #tellOfJob(jobId: JobId, matrix: Matrix): Promise<void> {
    const taskIds = new Set((await this.#deps.store.tasksOf(jobId)).map(({ taskId }) => taskId));
    const notice = jobNotice(matrix, { jobId, taskIds }, { ...this.#deps.config, at: this.#deps.clock.now() });
    if (notice === undefined) return;
    this.#remember(jobId);
    this.#outbox.send(notice);
  }

  #remember(jobId: JobId): void {
    this.#told.add(jobId);
    const [oldest] = this.#told;
    if (this.#told.size > MAX_ENDED && oldest !== undefined) this.#told.delete(oldest);
  }

  /** What was wrong already at the first look after a start has been told, or is old news: only quarantines and waits are told again. */
  async #tellOfFarm(): Promise<void> {
    const { store, clock, config, turn, random } = this.#deps;
    const [agents, queues, matrix] = await Promise.all([store.agents(), store.queues(), this.#deps.matrix()]);
    const now = clock.now();
    const conditions = farmConditions({ agents, queues, matrix, now }, config);
    const known = this.#known;
    const fresh = [...conditions].filter(([name, { reason }]) => (known === undefined ? reason !== 'no-data' : !known.has(name)));
    const isMine = await turn.isMine();
    this.#known = new Set(conditions.keys());
    const items = fresh.map(([, item]) => item);
    if (items.length === 0 || !isMine) return;
    this.#outbox.send({
      ...noticeOf(items, now),
      id: `farm:${random.id()}`,
      kind: 'farm',
      subject: `farm: ${countsOf(items)}`,
      jobId: null,
    } satisfies Notice);
  }
}
