import { createMemoryTaskStore } from '../coordinator/store/memory/memory-task-store.ts';
import type { NewTask, TaskStore } from '../coordinator/store/task-store.ts';
import { profileDigest } from '../domain/device.ts';
import type { JobSpec } from '../domain/job.ts';
import { CPU_EP } from '../domain/names.ts';
import type { AppendFile, Files } from '../domain/ports.ts';
import { type Requirement, requirementDigest } from '../domain/requirement.ts';
import { DEFAULT_RETRY } from '../domain/retry.ts';
import type { BenchmarkSpec, LeaseRef, RecipeRef } from '../domain/task.ts';
import { systemFiles } from '../platform/files.ts';
import { systemRandom } from '../platform/random.ts';
import { sha256 } from '../platform/sha256.ts';
import { deviceOf, hostOf } from '../test/farm/devices.ts';
import { benchmarked } from '../test/farm/results.ts';
import { inFreshFolder } from './work-place.ts';

/** The task store by itself: what the coordinator's other parts and gRPC cost is the difference to the farm's figure. */

export interface AloneShape {
  /** Each on a host of its own. */
  readonly agents: number;
  /** Requirement queues; agents are dealt to them in turn. */
  readonly lanes: number;
  readonly submitters: number;
  readonly tasks: number;
  /** Length of the recipe that each task holds. */
  readonly recipeBytes: number;
}

export interface AloneOptions extends AloneShape {
  /** With the journal on disk, synced before every answer. */
  readonly journal: boolean;
}

export interface AloneResult {
  /** Tasks acquired, accepted and completed per second. */
  readonly perSecond: number;
  /** Commands that shared one sync of the journal; null without a journal. */
  readonly commandsPerSync: number | null;
}

const COMMANDS_PER_TASK = 3;
const TASKS_PER_JOB = 100;
/** So that a store shares a sync or a round trip between them. */
const SUBMITS_AT_ONCE = 10;
/** Of an ordinary recipe. */
export const RECIPE_BYTES = 2_000;

function recipeOf(bytes: number): RecipeRef {
  const frame = JSON.stringify({ padding: '' });
  return { recipeId: 'bench/recipe', digest: 'a'.repeat(64), text: JSON.stringify({ padding: 'x'.repeat(bytes - frame.length) }) };
}

export function measureMemoryAlone(options: AloneOptions): Promise<AloneResult> {
  return inFreshFolder(async (folder) => {
    const counted = countSyncs(systemFiles);
    const store = createMemoryTaskStore(options.journal ? { folder, files: counted.files } : {});
    await store.start();
    try {
      await submitAll(store, options);
      const syncsBefore = counted.syncs();
      const perSecond = await measureAlone(store, options);
      const commandsPerSync = options.journal ? (options.tasks * COMMANDS_PER_TASK) / (counted.syncs() - syncsBefore) : null;
      return { perSecond, commandsPerSync };
    } finally {
      await store.stop();
    }
  });
}

/** Tasks per second that agents acquire, accept and complete, as many at once as there are agents, until nothing is left. */
export async function measureAlone(store: TaskStore, options: AloneShape): Promise<number> {
  const sessions = await helloAll(store, options);
  const startMs = performance.now();
  const done = await Promise.all(sessions.map((session) => workUntilEmpty(store, session)));
  const wallMs = performance.now() - startMs;
  const completed = done.reduce((sum, count) => sum + count, 0);
  if (completed !== options.tasks) throw new Error(`${completed} of ${options.tasks} tasks were completed`);
  return (completed / wallMs) * 1_000;
}

/** A ready agent of {@link helloAll}. */
export interface StoreSession {
  readonly agentId: string;
  readonly sessionId: number;
}

async function workUntilEmpty(store: TaskStore, session: StoreSession): Promise<number> {
  for (let count = 0; ; count++) {
    const lease = await acquireOne(store, session);
    if (lease === undefined) return count;
    await finish(store, session, lease);
  }
}

export async function acquireOne(store: TaskStore, session: StoreSession): Promise<LeaseRef | undefined> {
  return (await store.acquire({ now: Date.now(), ...session, token: systemRandom.token(16) }))?.assignment.lease;
}

/** Accepts and completes. */
export async function finish(store: TaskStore, { agentId }: StoreSession, lease: LeaseRef): Promise<void> {
  await store.accept({ now: Date.now(), agentId, lease });
  await store.complete({ now: Date.now(), agentId, lease, outcome: benchmarked() });
}

/** All agents say hello. */
export function helloAll(store: TaskStore, { agents, lanes }: Pick<AloneShape, 'agents' | 'lanes'>): Promise<readonly StoreSession[]> {
  return Promise.all(
    Array.from({ length: agents }, async (_, index) => {
      const agentId = `agent-${index}`;
      const device = deviceOf(`${agentId}/cpu0`, { labels: { lane: `${index % lanes}` } });
      const { sessionId } = await store.hello({
        now: Date.now(),
        agentId,
        instanceId: `instance-${index}`,
        agentVersion: 'simulated',
        coordinatorId: 'bench',
        host: hostOf(`host-${index}`),
        devices: [device],
        profileDigests: { [device.name]: profileDigest(device.profile, sha256) },
        missing: [],
        status: { state: 'ready', why: '' },
        heldLeases: [],
      });
      return { agentId, sessionId };
    }),
  );
}

/** Adds tasks to the queues, the first of them being the `from`-th of this store; returns the ids of their jobs. */
export async function submitAll(store: TaskStore, shape: Omit<AloneShape, 'agents'>, from = 0): Promise<readonly string[]> {
  const { tasks, lanes, submitters, recipeBytes } = shape;
  const recipe = recipeOf(recipeBytes);
  const spec = jobSpecOf(recipe);
  const kinds = Array.from({ length: lanes }, (_, lane) => taskOf(recipe, lane));
  const task = (index: number, taskId: string): NewTask => {
    const kind = kinds[index % lanes];
    if (kind === undefined) throw new Error('no lanes');
    return { ...kind, taskId };
  };
  const submit = async (first: number): Promise<string> => {
    const jobId = `job-${first}`;
    const count = Math.min(TASKS_PER_JOB, from + tasks - first);
    await store.submit({
      now: Date.now(),
      principal: { kind: 'user', name: `user-${(first / TASKS_PER_JOB) % submitters}` },
      jobId,
      idempotencyKey: jobId,
      requestDigest: 'b'.repeat(64),
      spec,
      priority: spec.priority,
      tasks: Array.from({ length: count }, (_, index) => task(first + index, `${jobId}-${index}`)),
    });
    return jobId;
  };
  const firsts = Array.from({ length: Math.ceil(tasks / TASKS_PER_JOB) }, (_, index) => from + index * TASKS_PER_JOB);
  const jobIds: string[] = [];
  for (let wave = 0; wave < firsts.length; wave += SUBMITS_AT_ONCE)
    jobIds.push(...(await Promise.all(firsts.slice(wave, wave + SUBMITS_AT_ONCE).map(submit))));
  return jobIds;
}

function taskOf(recipe: RecipeRef, lane: number): Omit<NewTask, 'taskId'> {
  const requirement: Requirement = {
    kind: 'benchmark',
    ep: CPU_EP,
    deviceClass: 'cpu',
    toolchains: [],
    capabilities: [],
    labels: { lane: `${lane}` },
    minMemoryBytes: 0,
    exclusivity: 'exclusive',
  };
  return {
    spec: benchmarkOf(recipe),
    requirement,
    requirementDigest: requirementDigest(requirement, sha256),
    needs: [],
    retry: DEFAULT_RETRY,
  };
}

function benchmarkOf(recipe: RecipeRef): BenchmarkSpec {
  return {
    kind: 'benchmark',
    recipe,
    modelId: 'bench/model',
    origin: { kind: 'local' },
    synthetic: true,
    requestedEp: CPU_EP,
    executedEp: CPU_EP,
    substitution: null,
    tier: 'smoke',
    launches: null,
    task: null,
    qualityBound: { metric: 'cosine', min: 0.99, isDefault: true },
    localData: [],
    conversionKey: null,
  };
}

function jobSpecOf(recipe: RecipeRef): JobSpec {
  return {
    schemaVersion: 1,
    recipes: [recipe],
    source: { kind: 'uploaded', files: {}, origin: { kind: 'local' } },
    data: {},
    dataFiles: {},
    synthetic: true,
    coverage: 'any',
    where: {},
    substituteEp: 'cpu',
    tier: 'smoke',
    launches: null,
    priority: 'interactive',
    task: null,
    strict: false,
    waitForDevice: false,
  };
}

/** The same files, counting how often one was synced. */
function countSyncs(files: Files): { readonly files: Files; syncs(): number } {
  let count = 0;
  const counting = (file: AppendFile): AppendFile => ({
    append: (bytes) => file.append(bytes),
    sync: () => {
      count += 1;
      return file.sync();
    },
    close: () => file.close(),
  });
  return {
    files: { ...files, openAppend: async (path, sizeBytes) => counting(await files.openAppend(path, sizeBytes)) },
    syncs: () => count,
  };
}
