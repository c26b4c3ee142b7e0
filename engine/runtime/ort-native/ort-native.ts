import { GroveError } from '../../../domain/errors.ts';
import { sha256File } from '../../../platform/sha256.ts';
import { EXECUTION_PROVIDERS, type ExecutionProvider } from '../execution-providers.ts';
import type { EpReach, InferenceRuntime, RuntimeInfo, SessionRequest } from '../inference-runtime.ts';
import { bundledLibraryPath } from '../ort-library.ts';
import { sessionError } from '../session-error.ts';
import { NativeSession } from './native-session.ts';
import { RECORD_ASSIGNMENT } from './node-assignment.ts';
import { OrtApi, type Pointer } from './ort-api.ts';
import { applySettings } from './session-options.ts';

const ADAPTER = 'ort-native';
const LOG_WARNINGS = 2;
const CPU = 'CPUExecutionProvider';

/** Environments by library: ONNX Runtime has one in a process, which lives as long as it. */
const environments = new Map<string, Environment>();

interface Environment {
  readonly api: OrtApi;
  readonly env: Pointer;
}

/** The runtime over ONNX Runtime's C API: the library onnxruntime-node ships, or the build at a path. Throws `ep-unavailable`. */
export async function loadOrtNative(libraryPath: string = bundledLibraryPath()): Promise<OrtNativeRuntime> {
  return new OrtNativeRuntime(libraryPath, environmentOf(libraryPath));
}

function environmentOf(libraryPath: string): Environment {
  const known = environments.get(libraryPath);
  if (known !== undefined) return known;
  const api = OrtApi.load(libraryPath);
  const environment = { api, env: api.create('CreateEnv', LOG_WARNINGS, 'grove') };
  environments.set(libraryPath, environment);
  return environment;
}

class OrtNativeRuntime implements InferenceRuntime {
  readonly #libraryPath: string;
  readonly #api: OrtApi;
  readonly #env: Pointer;
  #info: Promise<RuntimeInfo> | undefined;

  constructor(libraryPath: string, { api, env }: Environment) {
    this.#libraryPath = libraryPath;
    this.#api = api;
    this.#env = env;
  }

  info(): Promise<RuntimeInfo> {
    this.#info ??= this.#readInfo();
    return this.#info;
  }

  async createSession(request: SessionRequest): Promise<NativeSession> {
    const options = this.#api.create('CreateSessionOptions');
    try {
      applySettings(this.#api, options, withAssignment(this.#api, request));
      this.#appendProvider(options, request);
      return new NativeSession({ api: this.#api, session: this.#createNative(request, options), request });
    } catch (cause) {
      throw sessionError(request.ep, cause);
    } finally {
      this.#api.release('ReleaseSessionOptions', options);
    }
  }

  #createNative({ model }: SessionRequest, options: Pointer): Pointer {
    if ('path' in model) return this.#api.create('CreateSession', this.#env, model.path, options);
    return this.#api.create('CreateSessionFromArray', this.#env, model.bytes, model.bytes.byteLength, options);
  }

  #appendProvider(_options: Pointer, { ep, epOptions = {} }: SessionRequest): void {
    if (ep !== CPU) throw new GroveError('ep-unavailable', { ep, why: 'this adapter does not reach it yet' });
    const [option] = Object.keys(epOptions);
    if (option !== undefined) throw new GroveError('ep-option', { ep, option, adapter: ADAPTER });
  }

  async #readInfo(): Promise<RuntimeInfo> {
    return {
      adapter: ADAPTER,
      ortVersion: this.#api.version,
      libraryPath: this.#libraryPath,
      libraryDigest: (await sha256File(this.#libraryPath)).sha256,
      eps: new Map(EXECUTION_PROVIDERS.map((ep) => [ep, this.#reach(ep)])),
    };
  }

  #reach(ep: ExecutionProvider): EpReach {
    if (ep === CPU) return { reachable: true, requires: undefined };
    return { reachable: false, why: `it is not compiled into ${this.#libraryPath}` };
  }
}

function withAssignment(api: OrtApi, { settings = {} }: SessionRequest): NonNullable<SessionRequest['settings']> {
  if (!api.has('Session_GetEpGraphAssignmentInfo')) return settings;
  return { ...settings, config: { [RECORD_ASSIGNMENT]: '1', ...settings.config } };
}
