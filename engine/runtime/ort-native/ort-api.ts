import koffi from 'koffi';
import { GroveError } from '../../../domain/errors.ts';
import { loadNativeLibrary } from '../../../platform/native-library.ts';
import { ORT_API_VERSION, ORT_FUNCTIONS } from './ort-functions.ts';

/** Address of a native object. */
export type Pointer = bigint;

export type OrtFunction = keyof typeof ORT_FUNCTIONS;

/** Oldest API asked for: ONNX Runtime 1.17, the first whose generic call takes OpenVINO. */
const OLDEST_API_VERSION = 17;

/** A status other than success, in the runtime's own words. */
export class OrtError extends Error {
  override readonly name = 'OrtError';
  /** ONNX Runtime's number for the kind of failure. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

type NativeFunction = ((...args: readonly unknown[]) => unknown) & {
  readonly async: (...args: readonly unknown[]) => void;
};

/** Paths are wide characters on Windows and bytes elsewhere: the only place that knows. */
const PATH_TYPE = process.platform === 'win32' ? 'char16_t' : 'char';

/** Prototypes by name: koffi takes each name once in a process, however many libraries are loaded. */
const prototypes = new Map<string, ReturnType<typeof koffi.proto>>();

function prototype(definition: string): ReturnType<typeof koffi.proto> {
  const known = prototypes.get(definition);
  if (known !== undefined) return known;
  const made = koffi.proto(definition.replaceAll('ORTCHAR_T', PATH_TYPE));
  prototypes.set(definition, made);
  return made;
}

/** One loaded ONNX Runtime library: its functions by name, every status turned into an {@link OrtError}. */
export class OrtApi {
  /** ONNX Runtime's version, for example `1.30.0`. */
  readonly version: string;
  /** API version agreed on. */
  readonly apiVersion: number;
  /** Held on purpose: koffi unloads the library once its handle is collected. */
  readonly #library: ReturnType<typeof loadNativeLibrary>;
  readonly #table: Pointer;
  readonly #functions = new Map<OrtFunction, NativeFunction>();

  /** Loads a library. Throws `ep-unavailable` when the loader refuses it, when it is no ONNX Runtime, or when it is too old. */
  static load(libraryPath: string): OrtApi {
    try {
      return new OrtApi(libraryPath);
    } catch (cause) {
      if (cause instanceof GroveError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GroveError('ep-unavailable', { ep: 'ONNX Runtime', why: `${libraryPath} does not load: ${why}` }, { cause });
    }
  }

  private constructor(libraryPath: string) {
    this.#library = loadNativeLibrary(libraryPath);
    const base: unknown = this.#library.func('void *OrtGetApiBase()')();
    const getApi = nativeFunction(pointerAt(toPointer(base), 0), 'void *GetApi(uint32_t)');
    this.version = String(nativeFunction(pointerAt(toPointer(base), 1), 'const char *GetVersionString()')());
    const { table, apiVersion } = negotiate(getApi, this.version);
    this.#table = table;
    this.apiVersion = apiVersion;
  }

  /** Whether the loaded library is new enough for a function. */
  has(name: OrtFunction): boolean {
    return ORT_FUNCTIONS[name][1] <= this.apiVersion;
  }

  /** Calls a function that returns a status. Throws {@link OrtError}. */
  call(name: OrtFunction, ...args: readonly unknown[]): void {
    this.#check(this.#function(name)(...args));
  }

  /** The same on a thread of its own. Everything it is given must live until it is settled. */
  callAsync(name: OrtFunction, ...args: readonly unknown[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#function(name).async(...args, (error: Error | null, status: unknown) => {
        try {
          if (error !== null) throw error;
          this.#check(status);
          resolve();
        } catch (cause) {
          reject(cause instanceof Error ? cause : new Error(String(cause)));
        }
      });
    });
  }

  /** Calls a function that returns no status, for its value. */
  value(name: OrtFunction, ...args: readonly unknown[]): unknown {
    return this.#function(name)(...args);
  }

  /** A call without any wrapping between it and the caller, for a loop that is measured: 0 or null is success, else pass it to {@link check}. */
  bare(name: OrtFunction): (...args: readonly unknown[]) => unknown {
    return this.#function(name);
  }

  /** Where the library has a function, for native code that calls it. Throws `ep-unavailable` for a function it is too old for. */
  address(name: OrtFunction): Pointer {
    const [slot, since] = ORT_FUNCTIONS[name];
    this.#assertKnown(name, since);
    return pointerAt(this.#table, slot);
  }

  /** Throws the {@link OrtError} a status of a bare call stands for. */
  check(status: unknown): void {
    this.#check(status);
  }

  /** Calls a function whose last parameter receives an object. */
  create(name: OrtFunction, ...args: readonly unknown[]): Pointer {
    const out: unknown[] = [null];
    this.call(name, ...args, out);
    return toPointer(out[0]);
  }

  /** Calls a function whose last parameter receives a number. */
  number(name: OrtFunction, ...args: readonly unknown[]): number {
    const out: unknown[] = [0];
    this.call(name, ...args, out);
    return Number(out[0]);
  }

  /** Releases an object with `Release<kind>`; null is nothing. */
  release(name: OrtFunction & `Release${string}`, object: Pointer | undefined): void {
    if (object !== undefined && object !== 0n) this.#function(name)(object);
  }

  #check(status: unknown): void {
    const pointer = toPointer(status);
    if (pointer === 0n) return;
    const message = String(this.value('GetErrorMessage', pointer));
    const code = Number(this.value('GetErrorCode', pointer));
    this.value('ReleaseStatus', pointer);
    throw new OrtError(message, code);
  }

  #function(name: OrtFunction): NativeFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const made = nativeFunction(this.address(name), ORT_FUNCTIONS[name][2]);
    this.#functions.set(name, made);
    return made;
  }

  #assertKnown(name: OrtFunction, since: number): void {
    if (since <= this.apiVersion) return;
    const why = `${name} came with ONNX Runtime 1.${since}; the library is ${this.version}`;
    throw new GroveError('ep-unavailable', { ep: 'ONNX Runtime', why });
  }
}

function negotiate(getApi: NativeFunction, version: string): { readonly table: Pointer; readonly apiVersion: number } {
  // An older library prints a line for each version it lacks, so its own minor version is where to start.
  const newest = Math.min(ORT_API_VERSION, Number(/^1\.(\d+)/.exec(version)?.[1] ?? ORT_API_VERSION));
  for (let apiVersion = newest; apiVersion >= OLDEST_API_VERSION; apiVersion--) {
    const table = toPointer(getApi(apiVersion));
    if (table !== 0n) return { table, apiVersion };
  }
  throw new GroveError('ep-unavailable', {
    ep: 'ONNX Runtime',
    why: `version ${version} is too old: 1.${OLDEST_API_VERSION} or later is needed`,
  });
}

function nativeFunction(pointer: Pointer, definition: string): NativeFunction {
  const decoded: unknown = koffi.decode(pointer, prototype(definition));
  if (!isNativeFunction(decoded)) throw new TypeError(`${definition} is no function`);
  return decoded;
}

function isNativeFunction(value: unknown): value is NativeFunction {
  return typeof value === 'function' && 'async' in value;
}

/** What koffi gives for a pointer: a bigint, or null for a null pointer. Throws TypeError for anything else. */
export function toPointer(value: unknown): Pointer {
  if (typeof value === 'bigint') return value;
  if (value === null || value === undefined) return 0n;
  throw new TypeError('the native library gave no pointer');
}

/** Bytes of a pointer: every platform here is 64-bit. */
const POINTER_BYTES = 8;

/** The pointer at an index of a table of pointers. */
export function pointerAt(table: Pointer, index: number): Pointer {
  return toPointer(koffi.decode(table, index * POINTER_BYTES, 'void *'));
}

/** The pointers of a table. */
export function pointersAt(table: Pointer, count: number): Pointer[] {
  return Array.from({ length: count }, (_, index) => pointerAt(table, index));
}

/** The text a pointer leads to, UTF-8; empty for a null pointer. */
export function textAt(pointer: Pointer): string {
  return pointer === 0n ? '' : koffi.decode.string(pointer);
}

/** A view of native memory, valid as long as its owner. */
export function bytesAt(pointer: Pointer, byteLength: number): Uint8Array {
  return byteLength === 0 ? new Uint8Array(0) : new Uint8Array(koffi.view(pointer, byteLength));
}
