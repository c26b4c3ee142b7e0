import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { GroveError } from '../../domain/errors.ts';
import { sha256File } from '../../platform/sha256.ts';
import type { ExecutionProvider } from './execution-providers.ts';
import type {
  ConcurrentRuns,
  ConcurrentWindow,
  InferenceRuntime,
  RuntimeInfo,
  RunWindow,
  Session,
  SessionRequest,
  SessionSettings,
  ValueMetadata,
} from './inference-runtime.ts';
import { bundledLibraryPath } from './ort-library.ts';
import { ORT_NODE_PROVIDERS, ortNodeReach, ortNodeReaches } from './ort-node-providers.ts';
import { fromOrtTensor, keepHalvesAsBits, toOrtTensor } from './ort-node-tensors.ts';
import { sessionError } from './session-error.ts';
import { disableTelemetry } from './telemetry.ts';
import { isElementType, type NamedTensors } from './tensor.ts';
import { countConcurrentRuns, timeAsyncRuns } from './timed-runs.ts';

const ADAPTER = 'ort-node';
const PLATFORM = `${process.platform}-${process.arch}`;
const PROFILE_PREFIX = 'profile';
/** ONNX Runtime's severity from which messages are printed: 2 is warning, 3 is error. */
const LOG_ERRORS = 3;

type Ort = typeof import('onnxruntime-node');

/**
 * The runtime over the onnxruntime-node package: every provider its binding accepts, and no plug-in providers. Loads the native library, so only
 * child processes call it. Throws `ep-unavailable` on a platform the package has no binary for.
 */
export async function loadOrtNode(): Promise<InferenceRuntime> {
  try {
    disableTelemetry();
    const ort = await import('onnxruntime-node');
    keepHalvesAsBits(ort);
    return new OrtNodeRuntime(ort);
  } catch (cause) {
    throw new GroveError(
      'ep-unavailable',
      { ep: 'ONNX Runtime', why: `onnxruntime-node does not load on ${PLATFORM}: ${messageOf(cause)}` },
      { cause },
    );
  }
}

class OrtNodeRuntime implements InferenceRuntime {
  readonly #ort: Ort;
  #info: Promise<RuntimeInfo> | undefined;

  constructor(ort: Ort) {
    this.#ort = ort;
  }

  info(): Promise<RuntimeInfo> {
    this.#info ??= this.#readInfo();
    return this.#info;
  }

  async createSession(request: SessionRequest): Promise<Session> {
    const options = sessionOptions(request);
    try {
      const session =
        'path' in request.model
          ? await this.#ort.InferenceSession.create(request.model.path, options)
          : await this.#ort.InferenceSession.create(request.model.bytes, options);
      return new OrtNodeSession(this.#ort, session, request);
    } catch (cause) {
      throw sessionError(request.ep, cause);
    }
  }

  async #readInfo(): Promise<RuntimeInfo> {
    const libraryPath = bundledLibraryPath();
    return {
      adapter: ADAPTER,
      ortVersion: this.#ort.env.versions.node ?? 'unknown',
      libraryPath,
      libraryDigest: (await sha256File(libraryPath)).sha256,
      eps: ortNodeReaches(PLATFORM),
    };
  }
}

class OrtNodeSession implements Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #ep: ExecutionProvider;
  readonly #profileFolder: string | undefined;
  #isClosed = false;

  constructor(ort: Ort, session: InferenceSession, { ep, settings }: SessionRequest) {
    this.#ort = ort;
    this.#session = session;
    this.#ep = ep;
    this.#profileFolder = settings?.profileFolder;
    this.inputs = session.inputMetadata.map(valueMetadata);
    this.outputs = session.outputMetadata.map(valueMetadata);
  }

  async run(feeds: NamedTensors, signal?: AbortSignal): Promise<NamedTensors> {
    signal?.throwIfAborted();
    return this.#guard(async () => {
      const results = await this.#session.run(this.#toFeeds(feeds));
      return Object.fromEntries(this.outputs.map(({ name }) => [name, fromOrtTensor(results[name], name)]));
    });
  }

  async timeRuns(feeds: NamedTensors, window: RunWindow): Promise<Float64Array> {
    return this.#guard(() => {
      const prepared = this.#toFeeds(feeds);
      return timeAsyncRuns(() => this.#session.run(prepared), window);
    });
  }

  /** Runs of the binding block the thread: one is in flight. */
  async countRuns(feeds: NamedTensors, { window }: ConcurrentWindow): Promise<ConcurrentRuns> {
    return this.#guard(() => {
      const prepared = this.#toFeeds(feeds);
      return countConcurrentRuns([() => this.#session.run(prepared)], window);
    });
  }

  async finishProfile(): Promise<string | undefined> {
    const folder = this.#profileFolder;
    if (folder === undefined) return undefined;
    // The binding drops the file name that ONNX Runtime returns, hence the folder of its own.
    this.#session.endProfiling();
    const file = (await readdir(folder)).find((name) => name.startsWith(PROFILE_PREFIX) && name.endsWith('.json'));
    return file === undefined ? undefined : join(folder, file);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#session.release();
  }

  #toFeeds(feeds: NamedTensors): Record<string, OrtTensor> {
    return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrtTensor(this.#ort, tensor)]));
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new GroveError('inference-failed', { ep: this.#ep, problem: messageOf(cause) }, { cause });
    }
  }
}

function valueMetadata(metadata: InferenceSession.ValueMetadata): ValueMetadata {
  if (!metadata.isTensor) return { name: metadata.name, dtype: 'other', dims: [] };
  const dims = metadata.shape.map((dim) => (dim === '' ? null : dim));
  return { name: metadata.name, dtype: isElementType(metadata.type) ? metadata.type : 'other', dims };
}

function sessionOptions({ ep, epOptions = {}, settings = {} }: SessionRequest): InferenceSession.SessionOptions {
  const reach = ortNodeReach(ep, PLATFORM);
  if (!reach.reachable) throw new GroveError('ep-unavailable', { ep, why: reach.why });
  const name = ORT_NODE_PROVIDERS[ep].backend ?? '';
  return { executionProviders: [{ name, ...providerOptions(ep, epOptions) }], ...plainSettings(settings), ...profiling(settings) };
}

/** The binding drops options it does not read, so they are refused here. */
function providerOptions(ep: ExecutionProvider, options: Readonly<Record<string, string>>): Record<string, string | number | boolean> {
  const known = ORT_NODE_PROVIDERS[ep].options;
  const entries = Object.entries(options).map(([option, value]): [string, string | number | boolean] => {
    const target = known[option];
    if (target === undefined) throw new GroveError('ep-option', { ep, option, adapter: ADAPTER });
    if (target.type === 'integer') return [target.key, integerOption(ep, option, value)];
    return [target.key, target.type === 'boolean' ? value === '1' || value === 'true' : value];
  });
  return Object.fromEntries(entries);
}

function integerOption(ep: ExecutionProvider, option: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new GroveError('ep-option', { ep, option: `${option}=${value}`, adapter: ADAPTER });
  return Number(value);
}

function plainSettings(settings: SessionSettings): InferenceSession.SessionOptions {
  const options: InferenceSession.SessionOptions = {};
  if (settings.intraOpThreads !== undefined) options.intraOpNumThreads = settings.intraOpThreads;
  if (settings.interOpThreads !== undefined) options.interOpNumThreads = settings.interOpThreads;
  if (settings.executionMode !== undefined) options.executionMode = settings.executionMode;
  if (settings.optimizationLevel !== undefined) options.graphOptimizationLevel = settings.optimizationLevel;
  if (settings.optimizedModelPath !== undefined) options.optimizedModelFilePath = settings.optimizedModelPath;
  if (settings.config !== undefined) options.extra = { ...settings.config };
  if (settings.quiet === true) options.logSeverityLevel = LOG_ERRORS;
  return options;
}

/** The prefix is mandatory: without one the binding refuses to profile. */
function profiling({ profileFolder }: SessionSettings): InferenceSession.SessionOptions {
  return profileFolder === undefined ? {} : { enableProfiling: true, profileFilePrefix: join(profileFolder, PROFILE_PREFIX) };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
