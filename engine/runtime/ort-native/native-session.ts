import { GroveError } from '../../../domain/errors.ts';
import type { ExecutionProvider } from '../execution-providers.ts';
import type { ConcurrentRuns, ConcurrentWindow, RunWindow, Session, SessionRequest, ValueMetadata } from '../inference-runtime.ts';
import type { NamedTensors } from '../tensor.ts';
import { countConcurrentRuns, timeSyncRuns } from '../timed-runs.ts';
import { IoBinding } from './io-binding.ts';
import { type NodeAssignment, readAssignment } from './node-assignment.ts';
import { type OrtApi, OrtError, type Pointer } from './ort-api.ts';
import { sessionValues, takeText } from './value-metadata.ts';

/** What a session is made of. */
export interface NativeSessionParts {
  readonly api: OrtApi;
  /** Owned by the session from here on. */
  readonly session: Pointer;
  readonly request: SessionRequest;
}

/** What one timed run calls, by address: for a loop in another language that is held against ours. Valid until the next feeds or the session's end. */
export interface NativeRun {
  readonly runWithBinding: Pointer;
  readonly session: Pointer;
  readonly binding: Pointer;
}

/**
 * A session over ONNX Runtime's C API. Plain calls run on the calling thread; with a signal a run gets a thread of its own and ends as soon as the
 * kernel it is in does.
 */
export class NativeSession implements Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly #api: OrtApi;
  readonly #session: Pointer;
  readonly #allocator: Pointer;
  readonly #ep: ExecutionProvider;
  readonly #profileFolder: string | undefined;
  #profilePath: string | undefined;
  #timed: { readonly feeds: NamedTensors; readonly binding: IoBinding } | undefined;
  #isClosed = false;

  /** Throws OrtError; the native session is released then. */
  constructor({ api, session, request }: NativeSessionParts) {
    this.#api = api;
    this.#session = session;
    this.#ep = request.ep;
    this.#profileFolder = request.settings?.profileFolder;
    try {
      this.#allocator = api.create('GetAllocatorWithDefaultOptions');
      ({ inputs: this.inputs, outputs: this.outputs } = sessionValues(api, session, this.#allocator));
    } catch (error) {
      api.release('ReleaseSession', session);
      throw error;
    }
  }

  run(feeds: NamedTensors, signal?: AbortSignal): Promise<NamedTensors> {
    return this.#guarded(async () => {
      const binding = this.#bind(feeds);
      try {
        if (signal === undefined) this.#api.call('RunWithBinding', this.#session, null, binding.pointer);
        else await this.#cancellableRun(binding, signal);
        return binding.outputs();
      } finally {
        binding.close();
      }
    });
  }

  async timeRuns(feeds: NamedTensors, window: RunWindow): Promise<Float64Array> {
    return this.#guarded(() => {
      const binding = this.#timedBinding(feeds);
      const [run, session, bound] = [this.#api.bare('RunWithBinding'), this.#session, binding.pointer];
      return timeSyncRuns(() => {
        const status = run(session, null, bound);
        if (status !== null) this.#api.check(status);
      }, window);
    });
  }

  async countRuns(feeds: NamedTensors, { streams, window }: ConcurrentWindow): Promise<ConcurrentRuns> {
    return this.#guarded(async () => {
      const bindings: IoBinding[] = [];
      try {
        for (let stream = 0; stream < streams; stream++) bindings.push(this.#preparedBinding(feeds));
        const runs = bindings.map(
          ({ pointer }) =>
            () =>
              this.#api.callAsync('RunWithBinding', this.#session, null, pointer),
        );
        return await countConcurrentRuns(runs, window);
      } finally {
        for (const binding of bindings) binding.close();
      }
    });
  }

  /** What {@link timeRuns} calls with these feeds. */
  nativeRun(feeds: NamedTensors): NativeRun {
    return { runWithBinding: this.#api.address('RunWithBinding'), session: this.#session, binding: this.#timedBinding(feeds).pointer };
  }

  /** Which provider took which node when the session was made; undefined for a library older than 1.24. */
  assignment(): readonly NodeAssignment[] | undefined {
    return this.#api.has('Session_GetEpGraphAssignmentInfo') ? readAssignment(this.#api, this.#session) : undefined;
  }

  async finishProfile(): Promise<string | undefined> {
    if (this.#profileFolder === undefined) return undefined;
    this.#profilePath ??= takeText(this.#api, this.#allocator, this.#api.create('SessionEndProfiling', this.#session, this.#allocator));
    return this.#profilePath;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timed?.binding.close();
    this.#api.release('ReleaseSession', this.#session);
  }

  async #cancellableRun(binding: IoBinding, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const options = this.#api.create('CreateRunOptions');
    const terminate = () => this.#api.call('RunOptionsSetTerminate', options);
    signal.addEventListener('abort', terminate, { once: true });
    try {
      await this.#api.callAsync('RunWithBinding', this.#session, options, binding.pointer);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', terminate);
      this.#api.release('ReleaseRunOptions', options);
    }
  }

  /** The binding of the timed runs, kept from one block to the next. */
  #timedBinding(feeds: NamedTensors): IoBinding {
    if (this.#timed?.feeds === feeds) return this.#timed.binding;
    this.#timed?.binding.close();
    this.#timed = undefined;
    this.#timed = { feeds, binding: this.#preparedBinding(feeds) };
    return this.#timed.binding;
  }

  /** A binding whose outputs are allocated, by one run that nobody times. */
  #preparedBinding(feeds: NamedTensors): IoBinding {
    const binding = this.#bind(feeds);
    try {
      this.#api.call('RunWithBinding', this.#session, null, binding.pointer);
      binding.keepOutputs();
    } catch (error) {
      binding.close();
      throw error;
    }
    return binding;
  }

  #bind(feeds: NamedTensors): IoBinding {
    if (this.#isClosed) throw new Error('the session is closed');
    this.#assertComplete(feeds);
    return new IoBinding({ api: this.#api, session: this.#session, allocator: this.#allocator, outputs: this.outputs }, feeds);
  }

  async #guarded<T>(work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw this.#runError(cause);
    }
  }

  /** A binding would run with an input left out and fail in the middle of the graph. */
  #assertComplete(feeds: NamedTensors): void {
    const missing = this.inputs.find(({ name }) => !Object.hasOwn(feeds, name));
    if (missing !== undefined) throw new Error(`input "${missing.name}" is missing`);
  }

  /** The reason of an abort passes as it is. */
  #runError(cause: unknown): unknown {
    if (!(cause instanceof OrtError || cause instanceof RangeError || cause instanceof TypeError || isPlainError(cause))) return cause;
    return new GroveError('inference-failed', { ep: this.#ep, problem: cause.message }, { cause });
  }
}

function isPlainError(cause: unknown): cause is Error {
  return cause instanceof Error && cause.name === 'Error';
}
