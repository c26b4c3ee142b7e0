import type { NewTask } from '../../../coordinator/store/task-store.ts';
import type { Device, DeviceProfile, HostInfo } from '../../../domain/device.ts';
import { profileDigest } from '../../../domain/device.ts';
import { type ErrorCode, type ErrorParams, type ErrorReport, GroveError } from '../../../domain/errors.ts';
import type { JobSpec } from '../../../domain/job.ts';
import { CPU_EP, type TaskId } from '../../../domain/names.ts';
import { type Requirement, requirementDigest } from '../../../domain/requirement.ts';
import { DEFAULT_RETRY } from '../../../domain/retry.ts';
import type { RecipeRef, TaskResult, TaskSpec } from '../../../domain/task.ts';
import { sha256 } from '../../../platform/sha256.ts';

/** Small valid documents for tests of the store: what is in them hardly matters to it. */

const RECIPE: RecipeRef = { recipeId: 'test/recipe', digest: 'a'.repeat(64), text: '{}' };
const ARTIFACT = { schemaVersion: 1, files: { 'model.onnx': { sha256: 'b'.repeat(64), sizeBytes: 10 } } } as const;
const REFERENCE = { schemaVersion: 1, key: 'c'.repeat(64), files: { 'outputs.bin': { sha256: 'd'.repeat(64), sizeBytes: 4 } } } as const;
const SOURCE = { schemaVersion: 1, files: {}, data: {} } as const;

export const JOB_SPEC: JobSpec = {
  schemaVersion: 1,
  recipes: [RECIPE],
  source: { kind: 'uploaded', files: {}, origin: { kind: 'local' } },
  data: {},
  dataFiles: {},
  synthetic: false,
  coverage: 'any',
  where: {},
  substituteEp: null,
  tier: 'smoke',
  launches: null,
  priority: 'interactive',
  task: null,
  strict: false,
  waitForDevice: false,
};

function specOf(kind: TaskSpec['kind']): TaskSpec {
  if (kind === 'resolve') return { kind, modelId: 'org/model', revision: null, recipe: RECIPE, localData: {}, localFiles: {} };
  if (kind === 'convert') return { kind, conversionKey: 'e'.repeat(64), recipe: RECIPE, source: SOURCE, task: null, strict: false };
  return {
    kind,
    recipe: RECIPE,
    modelId: 'org/model',
    origin: { kind: 'local' },
    synthetic: false,
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

/** A result that a task of this kind can have. */
export function resultOf(kind: TaskSpec['kind'], marker = 0): TaskResult {
  if (kind === 'resolve') return { kind, source: SOURCE, origin: { kind: 'local' } };
  if (kind === 'convert') return { kind, artifact: ARTIFACT, reference: REFERENCE, report: conversionReport(marker) };
  return { kind, report: benchmarkReport(marker) };
}

function conversionReport(durationMs: number): Extract<TaskResult, { kind: 'convert' }>['report'] {
  const bytes = { rssPeakBytes: 1, sourceBytes: 1, resultBytes: 1 };
  const producer = { agentId: 'agent', profileDigest: 'f'.repeat(64) };
  return {
    schemaVersion: 1,
    engineVersion: '1',
    ortLibraryDigest: 'f'.repeat(64),
    durationMs,
    ...bytes,
    passes: [],
    findings: [],
    producer,
  } as const;
}

function benchmarkReport(value: number): Extract<TaskResult, { kind: 'benchmark' }>['report'] {
  return {
    schemaVersion: 1,
    requestedEp: CPU_EP,
    executedEp: CPU_EP,
    substitution: null,
    tier: 'smoke',
    inputShapes: {},
    environmentId: 'f'.repeat(64),
    runtime: { adapter: 'test', ortVersion: '1', ortLibraryDigest: 'f'.repeat(64), node: '20' },
    condition: { powerSource: 'ac', powerMode: 'unknown' },
    session: {},
    launches: [],
    p50Ms: { value, low: null, high: null },
    verdict: 'ok',
    throughputPerSecond: 1,
    placement: { byEp: {}, heavyNodes: 0, heavyNodesElsewhere: 0, fellBack: false, partial: false, elsewhere: [] },
    quality: { state: 'not-measured', why: 'test' },
    olive: {},
    artifacts: {},
  };
}

/** Benchmarks want the whole host, everything else shares it. */
function requirementOf(kind: TaskSpec['kind'], change: Partial<Requirement> = {}): Requirement {
  const exclusivity = kind === 'benchmark' ? 'exclusive' : 'shared';
  const base: Requirement = {
    kind,
    ep: CPU_EP,
    deviceClass: 'cpu',
    toolchains: [],
    capabilities: [],
    labels: {},
    minMemoryBytes: 0,
    exclusivity,
  };
  return { ...base, ...change };
}

export interface TaskOptions {
  readonly needs?: readonly TaskId[];
  readonly requirement?: Partial<Requirement>;
  readonly maxAttempts?: number;
  readonly endedAs?: NonNullable<NewTask['endedAs']>;
}

export function newTask(taskId: TaskId, kind: TaskSpec['kind'] = 'benchmark', options: TaskOptions = {}): NewTask {
  const requirement = requirementOf(kind, options.requirement);
  const retry = options.maxAttempts === undefined ? DEFAULT_RETRY : { maxAttempts: options.maxAttempts };
  const task = {
    taskId,
    spec: specOf(kind),
    requirement,
    requirementDigest: requirementDigest(requirement, sha256),
    needs: options.needs ?? [],
    retry,
  };
  return options.endedAs === undefined ? task : { ...task, endedAs: options.endedAs };
}

export function errorReport<Code extends ErrorCode>(code: Code, params: ErrorParams<Code>): ErrorReport {
  return new GroveError(code, params).toReport();
}

/** A fault that another attempt may not meet. */
export const TRANSFER_FAILED = errorReport('transfer-failed', { what: 'model.onnx', problem: 'reset' });
export const PASS_FAILED = errorReport('pass-failed', { type: 'OnnxConversion', problem: 'no' });
export const UNSUPPORTED = errorReport('unsupported-input', { problem: 'no such architecture' });

function profileOf(change: Partial<DeviceProfile> = {}): DeviceProfile {
  const text = { pciVendorId: null, pciDeviceId: null, revision: null, driver: null, firmware: null, sku: null };
  const sets = { eps: [{ name: CPU_EP, version: '1', libraryDigest: null }], toolchains: [], capabilities: [], labels: {}, unknown: {} };
  const machine = { os: 'linux', arch: 'x64', virtualMachine: null, ortVersion: '1', ortLibraryDigest: 'f'.repeat(64), memoryBytes: null };
  return { schemaVersion: 1, class: 'cpu', emulated: false, model: 'Test CPU', ...text, ...machine, ...sets, ...change };
}

export function deviceOf(name: string, change: Partial<DeviceProfile> = {}): Device {
  return { name, profile: profileOf(change) };
}

export function digestsOf(devices: readonly Device[]): Readonly<Record<string, string>> {
  return Object.fromEntries(devices.map(({ name, profile }) => [name, profileDigest(profile, sha256)]));
}

export function hostOf(hostId: string): HostInfo {
  return { hostId, hostName: hostId, osBuild: '1', bios: null, cpuCount: 4, memoryBytes: 1, freeDiskBytes: 1 };
}
