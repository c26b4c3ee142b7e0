import { environmentId } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import {
  ARTIFACTS_FOLDER,
  CONVERSION_MEMBER,
  ENVIRONMENT_MEMBER,
  type EvidenceConversion,
  type EvidenceEnvironment,
  type EvidenceManifest,
  type EvidenceResult,
  type LeftOutMember,
  MODEL_FOLDER,
  RECIPE_MEMBER,
  REFERENCE_FOLDER,
  RESULT_MEMBER,
} from '../../domain/evidence.ts';
import { canonicalJson } from '../../domain/json.ts';
import type { Blob, FileMap } from '../../domain/manifest.ts';
import type { TaskId } from '../../domain/names.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { AttemptRecord, TaskRecord, TaskStore } from '../store/task-store.ts';

/** Where the parts of a bundle come from. */
export interface EvidenceSource {
  readonly store: Pick<TaskStore, 'task' | 'agents'>;
  readonly artifacts: Pick<ArtifactStore, 'head'>;
  /** Version of Grove, for the manifest. */
  readonly version: string;
  /** What an attempt printed; bounded by what a log keeps. */
  readLog(taskId: TaskId, attempt: number): Promise<Uint8Array>;
}

/** What an archive is written from: documents are here, blobs in the artifact store. */
export interface Evidence {
  readonly manifest: EvidenceManifest;
  /** Content of the members that are no stored blobs. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

/** Parts of a Reference below this are the exported model. */
const EXPORT_FOLDER = `${REFERENCE_FOLDER}/export/`;

/**
 * Everything that belongs to one ended benchmark, with digests; the same for the same result as long as the farm knows its machine as it was. Throws
 * `not-found`, and `invalid-request` for a task that is no benchmark or has not ended.
 */
export async function collectEvidence(
  taskId: TaskId,
  { withModel }: { readonly withModel: boolean },
  source: EvidenceSource,
): Promise<Evidence> {
  const { task, spec } = await findBenchmark(taskId, source);
  const report = task.result?.kind === 'benchmark' ? task.result.report : null;
  const conversion = await conversionOf(spec, source);
  const documents = new Map<string, Uint8Array>([
    [RECIPE_MEMBER, Buffer.from(spec.recipe.text)],
    [RESULT_MEMBER, bytesOf(resultDocument(task, spec, report))],
    ...(conversion === undefined ? [] : [[CONVERSION_MEMBER, bytesOf(conversion)] as const]),
    [ENVIRONMENT_MEMBER, bytesOf(await environmentDocument(task, report, source))],
    ...(await logsOf([...(conversion === undefined ? [] : [conversion]), task], source)),
  ]);
  const files = blobsOf(report, conversion);
  const leftOut = await leftOutOf(files, withModel, source);
  const isLeftOut = new Set(leftOut.map(({ path }) => path));
  const members = [
    ...[...documents].map(([path, bytes]) => ({ path, sha256: sha256(bytes), sizeBytes: bytes.byteLength })),
    ...files.filter(({ path }) => !isLeftOut.has(path)),
  ];
  return { manifest: { schemaVersion: 1, type: 'grove-evidence', groveVersion: source.version, taskId, members, leftOut }, documents };
}

interface Benchmark {
  readonly task: TaskRecord;
  readonly spec: BenchmarkSpec;
}

async function findBenchmark(taskId: TaskId, { store }: EvidenceSource): Promise<Benchmark> {
  const task = await store.task(taskId);
  if (task === undefined) throw new GroveError('not-found', { kind: 'task', id: taskId });
  if (task.spec.kind !== 'benchmark')
    throw new GroveError('invalid-request', { problem: `task ${taskId} is no benchmark: only measured results have evidence` });
  return { task, spec: task.spec };
}

function resultDocument(task: TaskRecord, { recipe, ...spec }: BenchmarkSpec, report: BenchmarkReport | null): EvidenceResult {
  const { taskId, jobIds, submitter, createdAt, endedAt, state, error } = task;
  if (state !== 'completed' && state !== 'failed' && state !== 'exception' && state !== 'cancelled')
    throw new GroveError('invalid-request', { problem: `task ${taskId} has not ended yet: it is ${state}` });
  const { recipeId, digest } = recipe;
  return {
    schemaVersion: 1,
    taskId,
    jobIds: [...jobIds],
    submitter,
    createdAt,
    endedAt,
    state,
    error,
    attempts: task.attempts.map(attemptDocument),
    spec: { ...spec, recipe: { recipeId, digest } },
    report,
  };
}

/** Without the lease's token, which is a secret of the coordinator and the agent. */
function attemptDocument({ attempt, agentId, deviceName, acceptedAt, endedAt, ended }: AttemptRecord): EvidenceResult['attempts'][number] {
  return { attempt, agentId, deviceName, acceptedAt, endedAt, state: ended?.state ?? null };
}

async function conversionOf({ conversionKey }: BenchmarkSpec, { store }: EvidenceSource): Promise<EvidenceConversion | undefined> {
  const task = conversionKey === null ? undefined : await store.task(`c-${conversionKey}`);
  if (conversionKey === null || task === undefined || task.spec.kind !== 'convert') return undefined;
  return {
    schemaVersion: 1,
    taskId: task.taskId,
    conversionKey,
    attempts: task.attempts.map(attemptDocument),
    source: task.spec.source,
    result: task.result?.kind === 'convert' ? task.result : null,
  };
}

async function environmentDocument(
  { attempts }: TaskRecord,
  report: BenchmarkReport | null,
  { store }: EvidenceSource,
): Promise<EvidenceEnvironment> {
  const last = attempts.at(-1);
  const agent = last === undefined ? undefined : (await store.agents()).find(({ agentId }) => agentId === last.agentId);
  const device = agent?.devices.find(({ name }) => name === last?.deviceName);
  const measured = report?.environmentId ?? null;
  if (agent === undefined || device === undefined) return { schemaVersion: 1, environmentId: measured, device: null };
  const { hostName, osBuild, bios, cpuCount, memoryBytes } = agent.host;
  const host = { hostName, osBuild, bios, cpuCount, memoryBytes };
  const now = environmentId(device.profile, agent.host, sha256);
  const { agentVersion } = agent;
  return { schemaVersion: 1, environmentId: measured, device: { ...device, agentVersion, host, environmentId: now } };
}

type Logged = Pick<TaskRecord, 'taskId'> & { readonly attempts: readonly { readonly attempt: number }[] };

/** Of the last attempt of each task; an attempt that printed nothing has none. */
async function logsOf(tasks: readonly Logged[], { readLog }: EvidenceSource): Promise<readonly (readonly [string, Uint8Array])[]> {
  const logs = await Promise.all(
    tasks.map(async ({ taskId, attempts }) => {
      const last = attempts.at(-1);
      return [`logs/${logName(taskId)}`, last === undefined ? new Uint8Array() : await readLog(taskId, last.attempt)] as const;
    }),
  );
  return logs.filter(([, bytes]) => bytes.byteLength > 0);
}

function logName(taskId: TaskId): string {
  return taskId.startsWith('c-') ? 'convert.log' : 'benchmark.log';
}

type File = Blob & { readonly path: string };

function blobsOf(report: BenchmarkReport | null, conversion: EvidenceConversion | undefined): readonly File[] {
  const { artifact, reference } = conversion?.result ?? {};
  return [
    ...filesBelow(ARTIFACTS_FOLDER, report?.artifacts ?? {}),
    ...filesBelow(MODEL_FOLDER, artifact?.files ?? {}),
    ...filesBelow(REFERENCE_FOLDER, reference?.files ?? {}),
  ];
}

function filesBelow(folder: string, files: FileMap): readonly File[] {
  return Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { sha256: digest, sizeBytes }]) => ({ path: `${folder}/${path}`, sha256: digest, sizeBytes }));
}

async function leftOutOf(files: readonly File[], withModel: boolean, { artifacts }: EvidenceSource): Promise<LeftOutMember[]> {
  const leftOut: LeftOutMember[] = [];
  for (const file of files) {
    if (!withModel && isModel(file.path)) leftOut.push({ ...file, why: 'asked' });
    else if ((await artifacts.head(file.sha256))?.sizeBytes !== file.sizeBytes) leftOut.push({ ...file, why: 'not-stored' });
  }
  return leftOut;
}

function isModel(path: string): boolean {
  return path.startsWith(`${MODEL_FOLDER}/`) || path.startsWith(EXPORT_FOLDER);
}

function bytesOf(document: EvidenceResult | EvidenceConversion | EvidenceEnvironment): Uint8Array {
  return Buffer.from(canonicalJson(document));
}
