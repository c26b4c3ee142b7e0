import type { EpDeviceClass } from './eps/ep-definition.ts';
import type { ExecutionProvider } from './execution-providers.ts';
import type { ElementType, NamedTensors } from './tensor.ts';

/** Whether one execution provider can be asked of a runtime on this machine. */
export type EpReach =
  /** The runtime has the code; whether a device answers is only known once a session exists. */
  { readonly reachable: true; readonly requires: string | undefined } | { readonly reachable: false; readonly why: string };

/** What a runtime is and can reach. */
export interface RuntimeInfo {
  /** `ort-native` or `ort-node`. Part of every result's provenance. */
  readonly adapter: string;
  /** ONNX Runtime's own version, for example `1.30.0`. */
  readonly ortVersion: string;
  readonly libraryPath: string;
  /** SHA-256 of the ONNX Runtime library file. */
  readonly libraryDigest: string;
  readonly eps: ReadonlyMap<ExecutionProvider, EpReach>;
}

/** ONNX Runtime's graph optimisation levels; `layout` lies between extended and all. */
export type OptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all';

/** Settings of a session. What is left out is ONNX Runtime's default. */
export interface SessionSettings {
  readonly intraOpThreads?: number;
  readonly interOpThreads?: number;
  readonly executionMode?: 'sequential' | 'parallel';
  readonly optimizationLevel?: OptimizationLevel;
  /** Session configuration entries by ONNX Runtime's keys, for example `session.intra_op.allow_spinning`: `'0'`. Unknown keys are accepted silently by it. */
  readonly config?: Readonly<Record<string, string>>;
  /** Absolute path of an existing empty folder that only this session uses: turns profiling on. */
  readonly profileFolder?: string;
  /** Writes the graph as optimised for this session to this path. */
  readonly optimizedModelPath?: string;
  /** Silences the warnings of a session that only answers questions about a graph; errors are thrown all the same. */
  readonly quiet?: boolean;
}

/** What `createSession` needs. */
export interface SessionRequest {
  /**
   * An ONNX file, whose external data is found relative to it; or the bytes of a model without external data (ONNX Runtime would look for
   * that in the working directory).
   */
  readonly model: { readonly path: string } | { readonly bytes: Uint8Array };
  /** The one provider to run on. Nodes it does not take run on the CPU provider: measure placement, or set `session.disable_cpu_ep_fallback`. */
  readonly ep: ExecutionProvider;
  /** Device to run on where the provider offers several kinds; absent: its first. */
  readonly deviceClass?: EpDeviceClass;
  /** Provider options by the provider's own names (`device_id`). */
  readonly epOptions?: Readonly<Record<string, string>>;
  readonly settings?: SessionSettings;
}

/** Name, type and shape of one input or output. */
export interface ValueMetadata {
  readonly name: string;
  /** `other` for sequences, maps and element types that tensors here cannot hold. */
  readonly dtype: ElementType | 'other';
  /** Size, symbolic name, or null for an unnamed unknown size. Empty for a scalar and also when the rank is not known: ONNX Runtime reports both alike. */
  readonly dims: readonly (number | string | null)[];
}

/** When a block of timed runs ends: after at least `minRuns` and `minMs`, or once `maxMs` has passed, whatever the samples say. */
export interface RunWindow {
  /** At least 1. */
  readonly minRuns: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** What runs with several requests in flight came to. */
export interface ConcurrentRuns {
  /** Requests that were in flight. */
  readonly streams: number;
  /** Completed. */
  readonly runs: number;
  readonly durationMs: number;
}

/** How many requests are kept in flight, and for how long. */
export interface ConcurrentWindow {
  readonly streams: number;
  readonly window: RunWindow;
}

/** A loaded model. Its methods are not to be called before the last call has ended. */
export interface Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  /**
   * One inference. Feeds must be exactly the inputs; outputs come in the model's order.
   * Throws `inference-failed` with the runtime's own words.
   *
   * @param signal ends the run early, with its reason: at once in `ort-native` but for the kernel it is in, before or after the run in `ort-node`.
   */
  run(feeds: NamedTensors, signal?: AbortSignal): Promise<NamedTensors>;
  /**
   * Runs the same feeds again and again, one at a time, and returns the wall time of each in milliseconds, in order. Inputs are handed over once,
   * outside the timed region; all outputs arrive in host memory inside it, as Olive's latency does. What `feeds` hold must not change between two blocks. Owned by the adapter: `ort-native` has neither
   * await nor allocation in the loop. Throws `inference-failed`.
   */
  timeRuns(feeds: NamedTensors, window: RunWindow): Promise<Float64Array>;
  /**
   * Keeps several runs of the same feeds in flight until the window ends, and counts those that completed: throughput, not latency. An adapter that
   * cannot have several has one, and says so. Throws `inference-failed`.
   */
  countRuns(feeds: NamedTensors, plan: ConcurrentWindow): Promise<ConcurrentRuns>;
  /** Stops profiling and returns the path of the profile, or undefined without `profileFolder`. */
  finishProfile(): Promise<string | undefined>;
  /** Releases the session. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * ONNX Runtime as the engine sees it. Creating a session and running it may block the thread for as long as the device takes and cannot be
 * cancelled: only child processes use this, and they are killed, never asked.
 */
export interface InferenceRuntime {
  info(): Promise<RuntimeInfo>;
  /**
   * Throws `ep-unavailable` when this runtime cannot reach the provider here, `ep-option` for a provider option it cannot set,
   * `invalid-onnx` for bytes that are no model, and `session-failed` otherwise.
   */
  createSession(request: SessionRequest): Promise<Session>;
}
