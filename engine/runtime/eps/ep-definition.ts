import type { ExecutionProvider } from '../execution-providers.ts';

/** One provider option: passed on as text, under the provider's own name. */
export interface EpOption {
  readonly type: 'text' | 'integer' | 'boolean' | 'path';
  /** What it may be, where the provider takes a few words only. */
  readonly values?: readonly string[];
  readonly meaning: string;
}

/** How a provider that is compiled into an ONNX Runtime library is added to a session. */
export type CompiledRoute =
  /** Always there. */
  | { readonly kind: 'default' }
  /** By the generic call, under this name. */
  | { readonly kind: 'named'; readonly name: string }
  /** By an options object of its own. */
  | { readonly kind: 'cuda' | 'tensorrt' };

/** Device classes a provider runs on. */
export type EpDeviceClass = 'cpu' | 'gpu' | 'npu';

/** Everything Grove knows of one execution provider: what the adapter, the probe, `grove ep` and the documentation go by. */
export interface EpDefinition {
  readonly name: ExecutionProvider;
  /** Name of its packages: `qnn` in `qnn@2.7.0`. */
  readonly id: string;
  readonly title: string;
  readonly classes: readonly EpDeviceClass[];
  readonly compiled: CompiledRoute;
  /** File name of the plug-in library in a package; undefined when there is no plug-in. */
  readonly pluginFile: RegExp | undefined;
  /** File name of the library that marks another ONNX Runtime build as having the provider. */
  readonly buildFile: RegExp | undefined;
  readonly options: Readonly<Record<string, EpOption>>;
  /** Options that name a file of the package -> the file. */
  readonly packageOptions: Readonly<Record<string, RegExp>>;
  /** In a compiled-in provider, the option that chooses the device by its class. */
  readonly classOption: { readonly name: string; readonly values: Readonly<Record<EpDeviceClass, string>> } | undefined;
  /** What a measurement sets unless the recipe or the machine says otherwise. */
  readonly benchmarkDefaults: Readonly<Record<string, string>>;
  /** PCI id of the vendor whose devices alone it takes; undefined: several vendors', or devices without PCI ids. */
  readonly vendorId: string | undefined;
  /** Which hardware its plug-in takes, for the reason when it offers no device: `Intel devices only`. */
  readonly takes: string;
  /** What a model must be. */
  readonly needs: { readonly staticShapes: boolean; readonly qdq: boolean; readonly contextCache: boolean };
  /** Not silicon on these architectures: what stands in, as a device. */
  readonly emulator: { readonly arch: string; readonly class: EpDeviceClass; readonly model: string } | undefined;
  /** How it shows that nodes ran elsewhere. */
  readonly fallback: string;
  readonly install: { readonly linux: string; readonly windows: string };
  /** What of it has been run, and where. */
  readonly proof: string;
}

/** The members most providers leave alone. */
export const PLAIN = {
  pluginFile: undefined,
  buildFile: undefined,
  packageOptions: {},
  classOption: undefined,
  benchmarkDefaults: {},
  needs: { staticShapes: false, qdq: false, contextCache: false },
  emulator: undefined,
  vendorId: undefined,
} as const satisfies Partial<EpDefinition>;
