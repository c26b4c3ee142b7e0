import type { TaskId } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import type { StoreEvent, TaskRecord, TaskStore } from '../store/task-store.ts';
import { keysOfQueue, keysOfSpec, type WorkKeys } from './work-keys.ts';

/** Tasks read at once, and the pause before the next ones: under load a sample of what ends is enough. */
const READ_TASKS = 8;
const READ_PAUSE_MS = 250;
/** Ended tasks that wait to be read; the oldest are forgotten. */
const MAX_NOTED = 64;
/** Of each key. A median over few is current and shrugs off one that was odd. */
const MAX_SAMPLES = 9;
/** Keys remembered; the one measured longest ago is forgotten. */
const MAX_KEYS = 20_000;
/** Where a start looks for what was measured before: the newest jobs, and the first tasks of each. */
const CATCH_UP_JOBS = 20;
const CATCH_UP_TASKS = 25;

export interface RecentDurationsDeps {
  readonly store: Pick<TaskStore, 'subscribe' | 'task' | 'jobs' | 'tasksOf' | 'agent'>;
  readonly clock: Clock;
  onError(error: unknown): void;
}

/**
 * How long tasks took lately, by what they do and on which model of device: medians of the last few attempts that completed. Learnt from the events of
 * the store, so that every coordinator knows them; what is kept and read has a bound, whatever the farm does or has done.
 */
export class RecentDurations {
  readonly #deps: RecentDurationsDeps;
  /** Oldest measurement first. */
  readonly #samples = new Map<string, readonly number[]>();
  readonly #models = new Map<string, string>();
  #noted: TaskId[] = [];
  #reading: Promise<void> = Promise.resolve();
  #isPaused = false;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: RecentDurationsDeps) {
    this.#deps = deps;
  }

  /** Begins to listen, and looks at the newest jobs in the background. */
  start(): void {
    this.#unsubscribe = this.#deps.store.subscribe((event) => this.#onEvent(event));
    this.#reading = this.#catchUp().catch((error: unknown) => this.#deps.onError(error));
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    await this.#reading;
  }

  /** Resolves when what a start looks at has been read. */
  async ready(): Promise<void> {
    await this.#reading;
  }

  /** Median in whole milliseconds for the first of the keys that was measured on this model; undefined when none was. */
  of(keys: WorkKeys, deviceModel: string): number | undefined {
    for (const key of keys) {
      const samples = this.#samples.get(nameOf(key, deviceModel));
      if (samples !== undefined) return median(samples);
    }
    return undefined;
  }

  #onEvent(event: StoreEvent): void {
    if (event.type !== 'task' || event.state !== 'completed') return;
    this.#noted = [...this.#noted.slice(1 - MAX_NOTED), event.taskId];
    this.#readSoon();
  }

  #readSoon(): void {
    if (this.#isPaused || this.#noted.length === 0 || this.#unsubscribe === undefined) return;
    this.#isPaused = true;
    const taskIds = this.#noted.slice(-READ_TASKS);
    this.#noted = [];
    this.#reading = this.#reading
      .then(() => this.#readTasks(taskIds))
      .catch((error: unknown) => this.#deps.onError(error))
      .finally(() => {
        this.#deps.clock.after(READ_PAUSE_MS, () => {
          this.#isPaused = false;
          this.#readSoon();
        });
      });
  }

  async #readTasks(taskIds: readonly TaskId[]): Promise<void> {
    const tasks = await Promise.all(taskIds.map((taskId) => this.#deps.store.task(taskId)));
    for (const task of tasks) if (task !== undefined) await this.#learn(task);
  }

  async #catchUp(): Promise<void> {
    const { store } = this.#deps;
    const jobs = await store.jobs({ limit: CATCH_UP_JOBS });
    for (const { jobId } of [...jobs].reverse()) {
      const tasks = await store.tasksOf(jobId, { offset: 0, limit: CATCH_UP_TASKS, states: ['completed'] });
      for (const task of tasks) await this.#learn(task);
    }
  }

  async #learn(task: TaskRecord): Promise<void> {
    const last = task.attempts.at(-1);
    if (task.state !== 'completed' || last?.endedAt == null || last.acceptedAt === null) return;
    const model = await this.#modelOf(last.agentId, last.deviceName);
    const durationMs = Math.max(1, Math.round(last.endedAt - last.acceptedAt));
    for (const key of new Set([...keysOfSpec(task.spec), ...keysOfQueue(task)])) this.#keep(nameOf(key, model), durationMs);
  }

  #keep(name: string, durationMs: number): void {
    const earlier = this.#samples.get(name) ?? [];
    this.#samples.delete(name);
    this.#samples.set(name, [...earlier.slice(1 - MAX_SAMPLES), durationMs]);
    const [oldest] = this.#samples.keys();
    if (this.#samples.size > MAX_KEYS && oldest !== undefined) this.#samples.delete(oldest);
  }

  /** Model of a device; its name where its agent is not known any more. */
  async #modelOf(agentId: string, deviceName: string): Promise<string> {
    const known = this.#models.get(deviceName);
    if (known !== undefined) return known;
    const agent = await this.#deps.store.agent(agentId);
    const model = agent?.devices.find(({ name }) => name === deviceName)?.profile.model ?? deviceName;
    if (this.#models.size >= MAX_KEYS) this.#models.clear();
    this.#models.set(deviceName, model);
    return model;
  }
}

function nameOf(key: string, deviceModel: string): string {
  return `${key}\n${deviceModel}`;
}

/** The lower one of two in the middle. */
function median(samples: readonly number[]): number | undefined {
  return [...samples].sort((a, b) => a - b)[Math.floor((samples.length - 1) / 2)];
}
