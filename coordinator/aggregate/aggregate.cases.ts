import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import type { CellCuration } from '../../domain/curation.ts';
import { environmentId } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { ImportedResult } from '../../domain/imported-result.ts';
import { loadCatalogue } from '../../domain/recipe/catalogue.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { catalogueText } from '../../domain/recipe/recipe.cases.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { requirementDigest } from '../../domain/requirement.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf, hostOf } from '../../test/farm/devices.ts';
import { benchmarkSpecOf } from '../../test/farm/jobs.ts';
import { reportOf } from '../../test/farm/results.ts';
import { convertRequirement } from '../expand/requirements.ts';
import type { StoreEvent, TaskRecord } from '../store/task-store.ts';
import { createAggregate } from './aggregate.ts';

/** Benchmarks of three machines, and the aggregate of them. */

const ENV = environmentId(deviceOf('x').profile, hostOf('h'), sha256);
export const TRTRTX = recipeOf('trtrtx');

export function recipeOf(label: string) {
  const text = catalogueText(label);
  return { recipeId: `m/${label}.json`, digest: parseRecipe(text, { name: label, sha256 }).recipe.digest, text };
}

let ordinal = 0;

export interface TaskFacts {
  readonly unit?: string;
  readonly spec?: Partial<BenchmarkSpec>;
  readonly report?: BenchmarkReport;
  readonly at?: number;
  readonly change?: Partial<TaskRecord>;
}

/** A benchmark task of one unit, measured when it has a report. */
export function taskOf({ unit = 'lab-1/cpu0', spec = {}, report, at = 1_000, change = {} }: TaskFacts): TaskRecord {
  ordinal += 1;
  const requirement = { ...convertRequirement([]), kind: 'benchmark', deviceModel: 'Test CPU', exclusivity: 'exclusive' } as const;
  const attempt = {
    attempt: 1,
    agentId: unit.split('/')[0] ?? '',
    hostId: 'h',
    deviceName: unit,
    token: '0'.repeat(32),
    leasedAt: at - 20,
    leasedUntil: at,
    acceptBy: null,
    acceptedAt: at - 10,
    endedAt: at,
    ended: { state: 'completed', error: null } as const,
    cancelRequestedBy: null,
  };
  return {
    taskId: `task-${ordinal}`,
    jobIds: ['job-1'],
    spec: benchmarkSpecOf({ recipe: TRTRTX, conversionKey: 'd'.repeat(64), ...spec }),
    requirement,
    requirementDigest: requirementDigest(requirement, sha256),
    needs: [],
    priority: 'interactive',
    submitter: 'local',
    state: report === undefined ? 'pending' : 'completed',
    error: null,
    createdAt: at - 100,
    enqueuedAt: null,
    endedAt: report === undefined ? null : at,
    avoid: null,
    attempts: report === undefined ? [] : [attempt],
    retry: { maxAttempts: 3 },
    result: report === undefined ? null : { kind: 'benchmark', report },
    ...change,
  };
}

export const measured = (change: Partial<BenchmarkReport> = {}, medians?: readonly number[]) =>
  reportOf({ environmentId: ENV, ...change }, medians);

export function failedTask(code: 'pass-failed' | 'unsupported-pass' | 'agent-lost', facts: TaskFacts = {}): TaskRecord {
  const { at = 1_000 } = facts;
  const error = {
    'pass-failed': new GroveError('pass-failed', { type: 'OnnxConversion', problem: 'node 7' }),
    'unsupported-pass': new GroveError('unsupported-pass', { type: 'X', path: '$.passes.x', detail: '' }),
    'agent-lost': new GroveError('agent-lost', { agentId: 'lab-1' }),
  }[code].toReport();
  const state = code === 'agent-lost' ? 'exception' : 'failed';
  return taskOf({ ...facts, change: { state, error, endedAt: at, ...facts.change } });
}

const CATALOGUE = loadCatalogue([], sha256);
const AGENTS = ['lab-1', 'lab-2', 'lab-3'].map((agentId) =>
  agentOf(agentId, [deviceOf(`${agentId}/cpu0`)], { host: hostOf(`host-${agentId}`) }),
);

interface Watching {
  /** Gets the aggregate's. */
  readonly listeners?: ((event: StoreEvent) => void)[];
  /** Called when benchmarks have been read and not yet been answered. */
  readonly onRead?: () => void;
  /** Results of other tools. */
  readonly imported?: () => readonly ImportedResult[];
}

export function aggregateOf(
  tasks: () => readonly TaskRecord[],
  others: readonly TaskRecord[] = [],
  curations: ReadonlyMap<string, CellCuration> = new Map(),
  { listeners = [], onRead = () => {}, imported = () => [] }: Watching = {},
) {
  const store = {
    benchmarks: async ({ offset = 0, limit = Number.POSITIVE_INFINITY } = {}) => {
      const page = tasks().slice(offset, offset + limit);
      onRead();
      return page;
    },
    agents: async () => AGENTS,
    curations: async () => new Map(curations),
    task: async (taskId: string) => [...tasks(), ...others].find((task) => task.taskId === taskId),
    subscribe: (listener: (event: StoreEvent) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
  };
  return createAggregate({ store, imports: { results: async () => imported() }, catalogue: CATALOGUE, clock: new VirtualClock(), sha256 });
}

export async function matrixOf(
  tasks: readonly TaskRecord[],
  others: readonly TaskRecord[] = [],
  curations: ReadonlyMap<string, CellCuration> = new Map(),
) {
  return aggregateOf(() => tasks, others, curations).matrix();
}
