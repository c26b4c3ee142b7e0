import { GroveError } from '../../../domain/errors.ts';
import type { EpDefinition, EpDeviceClass } from '../eps/ep-definition.ts';
import { EP_DEFINITIONS } from '../eps/registry.ts';
import type { SessionRequest } from '../inference-runtime.ts';
import { epDevices, type NativeEpDevice } from './ep-devices.ts';
import { type OrtApi, OrtError, type Pointer, pointerAt, textAt, toPointer } from './ort-api.ts';

/** Where a session's provider comes from. */
export interface ProviderSource {
  readonly api: OrtApi;
  readonly env: Pointer;
  readonly options: Pointer;
  /** Whether its plug-in is registered with the environment. */
  readonly isPlugin: boolean;
}

/**
 * Adds the provider of a request to native session options. Throws `ep-option` for an option it does not take, `ep-unavailable` with the reason
 * when there is no such provider or it offers no device, and OrtError.
 */
export function appendProvider(source: ProviderSource, request: SessionRequest): void {
  const definition = EP_DEFINITIONS[request.ep];
  const options = checkedOptions(definition, request.epOptions ?? {});
  if (source.isPlugin) appendPlugin(source, request, options);
  else appendCompiled(source, request, options);
}

function checkedOptions(definition: EpDefinition, options: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [option, value] of Object.entries(options)) {
    const known = definition.options[option];
    // Newer versions of a provider know more than we do; one without options would drop it without a word.
    const isWrong = known === undefined ? definition.compiled.kind === 'default' : known.values?.includes(value) === false;
    if (isWrong || (known?.type === 'integer' && !/^-?\d+$/.test(value)))
      throw new GroveError('ep-option', {
        ep: definition.name,
        option: known === undefined ? option : `${option}=${value}`,
        adapter: 'ort-native',
      });
  }
  return options;
}

function appendPlugin(
  { api, env, options: target }: ProviderSource,
  request: SessionRequest,
  options: Readonly<Record<string, string>>,
): void {
  const device = chooseDevice(epDevices(api, env), request);
  const [keys, values] = [Object.keys(options), Object.values(options)];
  api.call('SessionOptionsAppendExecutionProvider_V2', target, env, [device.pointer], 1, keys, values, keys.length);
}

/** One device, never several: OpenVINO would divide the graph among them, and nothing would tell how. */
function chooseDevice(all: readonly NativeEpDevice[], { ep, deviceClass }: SessionRequest): NativeEpDevice {
  const own = all.filter((device) => device.ep === ep);
  const device = own.find((candidate) => candidate.class === deviceClass) ?? own.find(() => isEmulating(EP_DEFINITIONS[ep], deviceClass));
  const chosen = device ?? (deviceClass === undefined ? own[0] : undefined);
  if (chosen !== undefined) return chosen;
  throw new GroveError('ep-unavailable', { ep, why: noDeviceReason(EP_DEFINITIONS[ep], { all, own, deviceClass }) });
}

function isEmulating({ emulator }: EpDefinition, deviceClass: EpDeviceClass | undefined): boolean {
  return emulator?.arch === process.arch && emulator.class === deviceClass;
}

interface Offer {
  readonly all: readonly NativeEpDevice[];
  readonly own: readonly NativeEpDevice[];
  readonly deviceClass: EpDeviceClass | undefined;
}

function noDeviceReason({ title, takes }: EpDefinition, { all, own, deviceClass }: Offer): string {
  if (own.length > 0) return `its plug-in offers ${own.map((device) => device.class).join(', ')} here, no ${deviceClass}`;
  const hardware = new Set(all.map((device) => `${device.class} of ${device.vendor}`));
  return `the plug-in of ${title} loads but offers no device here: it takes ${takes}; this machine has ${[...hardware].join(', ')}`;
}

function appendCompiled(source: ProviderSource, request: SessionRequest, given: Readonly<Record<string, string>>): void {
  const { api, options: target } = source;
  const { name, compiled, classOption } = EP_DEFINITIONS[request.ep];
  if (compiled.kind === 'default') return;
  assertCompiled(api, name);
  const { deviceClass } = request;
  const options =
    classOption === undefined || deviceClass === undefined ? given : { [classOption.name]: classOption.values[deviceClass], ...given };
  const [keys, values] = [Object.keys(options), Object.values(options)];
  if (compiled.kind === 'named') api.call('SessionOptionsAppendExecutionProvider', target, compiled.name, keys, values, keys.length);
  else appendNvidia(source, compiled.kind, { keys, values });
}

function assertCompiled(api: OrtApi, ep: string): void {
  if (compiledProviders(api).includes(ep)) return;
  throw new GroveError('ep-unavailable', {
    ep,
    why: `ONNX Runtime ${api.version} was built without it and no package of it is installed (\`grove ep list\`)`,
  });
}

const NVIDIA = {
  cuda: {
    create: 'CreateCUDAProviderOptions',
    update: 'UpdateCUDAProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_CUDA_V2',
    release: 'ReleaseCUDAProviderOptions',
  },
  tensorrt: {
    create: 'CreateTensorRTProviderOptions',
    update: 'UpdateTensorRTProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_TensorRT_V2',
    release: 'ReleaseTensorRTProviderOptions',
  },
} as const;

function appendNvidia(
  { api, options: target }: ProviderSource,
  kind: keyof typeof NVIDIA,
  { keys, values }: { readonly keys: readonly string[]; readonly values: readonly string[] },
): void {
  const names = NVIDIA[kind];
  let own: Pointer | undefined;
  try {
    own = api.create(names.create);
    if (keys.length > 0) api.call(names.update, own, keys, values, keys.length);
    api.call(names.append, target, own);
  } catch (cause) {
    if (!(cause instanceof OrtError)) throw cause;
    const ep = kind === 'cuda' ? 'CUDAExecutionProvider' : 'TensorrtExecutionProvider';
    throw new GroveError('ep-unavailable', { ep, why: cause.message }, { cause });
  } finally {
    api.release(names.release, own);
  }
}

/** Providers compiled into a library, by full name; some of them need a further library or a device. Throws OrtError. */
export function compiledProviders(api: OrtApi): readonly string[] {
  const [table, count]: [unknown[], unknown[]] = [[null], [0]];
  api.call('GetAvailableProviders', table, count);
  const address = toPointer(table[0]);
  const length = Number(count[0]);
  const names = Array.from({ length }, (_, index) => textAt(pointerAt(address, index)));
  api.call('ReleaseAvailableProviders', address, length);
  return names;
}
