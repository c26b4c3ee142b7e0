import { GroveError } from '../../../domain/errors.ts';
import { sha256File } from '../../../platform/sha256.ts';
import { EP_DEFINITIONS } from '../eps/registry.ts';
import { EXECUTION_PROVIDERS, type ExecutionProvider } from '../execution-providers.ts';
import type { EpReach, InferenceRuntime, RuntimeInfo, SessionRequest } from '../inference-runtime.ts';
import { bundledLibraryPath } from '../ort-library.ts';
import { sessionError } from '../session-error.ts';
import { disableTelemetry } from '../telemetry.ts';
import { appendProvider, compiledProviders } from './append-provider.ts';
import { type EpDevice, epDevices } from './ep-devices.ts';
import { NativeSession } from './native-session.ts';
import { RECORD_ASSIGNMENT } from './node-assignment.ts';
import { OrtApi, type Pointer } from './ort-api.ts';
import { applySettings } from './session-options.ts';

const ADAPTER = 'ort-native';
const LOG_WARNINGS = 2;

/** Environments by library: ONNX Runtime has one in a process, which lives as long as it. */
const environments = new Map<string, Environment>();

interface Environment {
  readonly api: OrtApi;
  readonly env: Pointer;
  /** Paths of the plug-ins it has. */
  readonly registered: Set<string>;
}

/** Libraries of a native runtime. */
export interface NativeLibraries {
  /** ONNX Runtime itself; the library onnxruntime-node ships unless named. */
  readonly libraryPath?: string;
  /** Plug-in libraries by the provider they bring. */
  readonly plugins?: Readonly<Partial<Record<ExecutionProvider, string>>>;
}

/** The runtime over ONNX Runtime's C API. Loads native code, so only child processes call it. Throws `ep-unavailable`. */
export async function loadOrtNative({ libraryPath = bundledLibraryPath(), plugins = {} }: NativeLibraries = {}): Promise<OrtNativeRuntime> {
  return new OrtNativeRuntime(libraryPath, environmentOf(libraryPath), plugins);
}

function environmentOf(libraryPath: string): Environment {
  const known = environments.get(libraryPath);
  if (known !== undefined) return known;
  disableTelemetry();
  const api = OrtApi.load(libraryPath);
  const environment = { api, env: api.create('CreateEnv', LOG_WARNINGS, 'grove'), registered: new Set<string>() };
  // On Windows events go to the system, which no variable stops.
  api.call('DisableTelemetryEvents', environment.env);
  environments.set(libraryPath, environment);
  return environment;
}

/** ONNX Runtime over its C API: what {@link InferenceRuntime} says, and the devices of its providers. */
export class OrtNativeRuntime implements InferenceRuntime {
  readonly #libraryPath: string;
  readonly #environment: Environment;
  readonly #plugins: NonNullable<NativeLibraries['plugins']>;
  #info: Promise<RuntimeInfo> | undefined;

  constructor(libraryPath: string, environment: Environment, plugins: NonNullable<NativeLibraries['plugins']>) {
    this.#libraryPath = libraryPath;
    this.#environment = environment;
    this.#plugins = plugins;
  }

  info(): Promise<RuntimeInfo> {
    this.#info ??= this.#readInfo();
    return this.#info;
  }

  async createSession(request: SessionRequest): Promise<NativeSession> {
    const { api, env } = this.#environment;
    const options = api.create('CreateSessionOptions');
    try {
      this.#register(request.ep);
      applySettings(api, options, withAssignment(api, request));
      appendProvider({ api, env, options, isPlugin: this.#plugins[request.ep] !== undefined }, request);
      return new NativeSession({ api, session: this.#createNative(request, options), request });
    } catch (cause) {
      throw sessionError(request.ep, cause);
    } finally {
      api.release('ReleaseSessionOptions', options);
    }
  }

  /** Devices of the providers compiled in and of one plug-in, registered first. Throws `ep-unavailable` when it does not load. */
  epDevices(ep: ExecutionProvider): readonly EpDevice[] {
    this.#register(ep);
    return epDevices(this.#environment.api, this.#environment.env).map(({ pointer: _, ...device }) => device);
  }

  #createNative({ model }: SessionRequest, options: Pointer): Pointer {
    const { api, env } = this.#environment;
    if ('path' in model) return api.create('CreateSession', env, model.path, options);
    return api.create('CreateSessionFromArray', env, model.bytes, model.bytes.byteLength, options);
  }

  /** Loads a provider's plug-in into the environment, once in a process. */
  #register(ep: ExecutionProvider): void {
    const { api, env, registered } = this.#environment;
    const plugin = this.#plugins[ep];
    if (plugin === undefined || registered.has(plugin)) return;
    try {
      api.call('RegisterExecutionProviderLibrary', env, ep, plugin);
      registered.add(plugin);
    } catch (cause) {
      throw new GroveError('ep-unavailable', { ep, why: cause instanceof Error ? cause.message : String(cause) }, { cause });
    }
  }

  async #readInfo(): Promise<RuntimeInfo> {
    const compiled = compiledProviders(this.#environment.api);
    return {
      adapter: ADAPTER,
      ortVersion: this.#environment.api.version,
      libraryPath: this.#libraryPath,
      libraryDigest: (await sha256File(this.#libraryPath)).sha256,
      eps: new Map(EXECUTION_PROVIDERS.map((ep) => [ep, this.#reach(ep, compiled)])),
    };
  }

  #reach(ep: ExecutionProvider, compiled: readonly string[]): EpReach {
    const { takes, compiled: route } = EP_DEFINITIONS[ep];
    if (this.#plugins[ep] === undefined && !compiled.includes(ep))
      return { reachable: false, why: `it is not compiled into ${this.#libraryPath} and no package of it is installed` };
    return { reachable: true, requires: route.kind === 'default' ? undefined : takes };
  }
}

function withAssignment(api: OrtApi, { settings = {} }: SessionRequest): NonNullable<SessionRequest['settings']> {
  if (!api.has('Session_GetEpGraphAssignmentInfo')) return settings;
  return { ...settings, config: { [RECORD_ASSIGNMENT]: '1', ...settings.config } };
}
