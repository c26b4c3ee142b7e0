import { measured, taskOf } from '../coordinator/aggregate/aggregate.cases.ts';
import type { StoreEvent, TaskRecord } from '../coordinator/store/task-store.ts';
import { loadCatalogue } from '../domain/recipe/catalogue.ts';
import { createSystemClock } from '../platform/clock.ts';
import { sha256 } from '../platform/sha256.ts';
import { agentOf } from '../test/farm/agents.ts';
import { deviceOf } from '../test/farm/devices.ts';

export const MODELS = 100;
export const DEVICES = 100;
export const CELLS = MODELS * DEVICES;

/** Benchmarks of every model on every device, and what a store would say of them. */
export class ManyResults {
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #listeners: ((event: StoreEvent) => void)[] = [];
  readonly #patterns = Array.from({ length: CELLS }, (_, cell) => patternOf(cell));
  #sequence = 0;
  readonly deps = {
    store: {
      benchmarks: async ({ offset = 0, limit = Number.POSITIVE_INFINITY } = {}) => [...this.#tasks.values()].slice(offset, offset + limit),
      agents: async () => AGENTS,
      curations: async () => new Map(),
      task: async (taskId: string) => this.#tasks.get(taskId),
      subscribe: (listener: (event: StoreEvent) => void) => {
        this.#listeners.push(listener);
        return () => undefined;
      },
    },
    imports: { results: async () => [] },
    catalogue: loadCatalogue([], sha256),
    clock: createSystemClock(),
    sha256,
  };

  /** So many more results of every cell. */
  add(results: number): void {
    for (let round = 0; round < results; round++) for (let cell = 0; cell < CELLS; cell++) this.#put(cell);
  }

  addOne(cell: number): void {
    const { taskId, jobIds, state } = this.#put(cell);
    for (const listener of this.#listeners)
      listener({ type: 'task', sequence: this.#sequence, at: 0, taskId, jobIds, state, attempt: 1, code: null });
  }

  /** An aggregate that is done with must not hear more. */
  forgetListeners(): void {
    this.#listeners.length = 0;
  }

  #put(cell: number): TaskRecord {
    const pattern = this.#patterns[cell];
    if (pattern === undefined) throw new RangeError(`no cell ${cell}`);
    this.#sequence += 1;
    const task = { ...pattern, taskId: `t-${this.#sequence}`, endedAt: this.#sequence };
    this.#tasks.set(task.taskId, task);
    return task;
  }
}

const REPORT = measured();

const AGENTS = Array.from({ length: DEVICES }, (_, device) =>
  agentOf(`lab-${device}`, [deviceOf(`lab-${device}/cpu0`, { model: `Device ${device}` })]),
);

function patternOf(cell: number): TaskRecord {
  const device = cell % DEVICES;
  const task = taskOf({ unit: `lab-${device}/cpu0`, report: REPORT, spec: { modelId: `org/model-${Math.floor(cell / DEVICES)}` } });
  return { ...task, requirement: { ...task.requirement, deviceModel: `Device ${device}` } };
}
