import type { Json } from '../json.ts';
import { type Findings, isJsonObject, jsonPath } from './findings.ts';
import { flattenParameters } from './flatten.ts';
import type { AcceleratorDevice, JsonObject, RecipeSystem } from './recipe.ts';

const SYSTEM_TYPES: ReadonlyMap<string, string> = new Map(
  ['LocalSystem', 'PythonEnvironment', 'Docker', 'IsolatedORT', 'AzureML'].map((type) => [type.toLowerCase(), type]),
);

/** Execution providers by device, as Olive pairs them. */
const EPS_BY_DEVICE: Readonly<Record<AcceleratorDevice, readonly string[]>> = {
  cpu: ['CPU', 'OpenVINO'],
  gpu: ['QNN', 'Dml', 'CUDA', 'ROCM', 'MIGraphX', 'Tensorrt', 'NvTensorRTRTX', 'OpenVINO', 'Js', 'WebGpu'],
  npu: ['Dml', 'QNN', 'VitisAI', 'OpenVINO'],
};
const DEVICES: readonly AcceleratorDevice[] = ['cpu', 'gpu', 'npu'];
const SUFFIX = 'ExecutionProvider';

/** Olive's accelerator spec: device, then the EP without its suffix, in lower case. */
function acceleratorSpec(device: AcceleratorDevice, ep: string): string {
  return `${device}-${ep.slice(0, -SUFFIX.length)}`.toLowerCase();
}

/** Olive's default host: the CPU of the machine that runs it. */
export const LOCAL_CPU: RecipeSystem = {
  name: 'default',
  type: 'LocalSystem',
  device: 'cpu',
  ep: 'CPUExecutionProvider',
  accelerator: 'cpu-cpu',
};

/** Reads `host` or `target`: a name under `$.systems`, an inline system, or nothing (`fallback`). */
export function parseSystem(
  reference: Json | undefined,
  at: { readonly path: string; readonly systems: JsonObject; readonly fallback: RecipeSystem; readonly findings: Findings },
): RecipeSystem {
  const { path, systems, fallback, findings } = at;
  if (reference === undefined || reference === null) return fallback;
  if (isJsonObject(reference)) return parseSystemObject(reference, { name: 'inline', path, findings }) ?? fallback;
  if (typeof reference !== 'string') {
    findings.refuse(path, 'must be the name of a system');
    return fallback;
  }
  const system = Object.hasOwn(systems, reference) ? systems[reference] : undefined;
  if (isJsonObject(system))
    return parseSystemObject(system, { name: reference, path: jsonPath('$.systems', reference), findings }) ?? fallback;
  findings.refuse(path, `refers to system "${reference}", which the recipe does not define`);
  return fallback;
}

/** Reports problems of systems that neither host nor target uses: an author expects every part of the file to be checked. */
export function checkUnusedSystems(systems: JsonObject, used: readonly string[], findings: Findings): void {
  for (const [name, system] of Object.entries(systems)) {
    const path = jsonPath('$.systems', name);
    if (!isJsonObject(system)) findings.refuse(path, 'must be an object');
    else if (!used.includes(name)) parseSystemObject(system, { name, path, findings });
  }
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly findings: Findings;
}

function parseSystemObject(system: JsonObject, place: Place): RecipeSystem | undefined {
  const { name, path, findings } = place;
  const written = system['type'];
  const type = typeof written === 'string' ? SYSTEM_TYPES.get(written.toLowerCase()) : undefined;
  if (type === undefined) {
    findings.refuse(jsonPath(path, 'type'), `must be one of ${[...SYSTEM_TYPES.values()].join(', ')}`);
    return undefined;
  }
  const accelerators = flattenParameters(system, path, { nested: ['config'], own: ['type'], findings }).get('accelerators');
  if (accelerators === undefined || accelerators.value === null) return { ...LOCAL_CPU, name, type };
  const only = onlyItem(accelerators.value, { what: 'accelerator', path: accelerators.path, findings });
  if (only === undefined) return undefined;
  const accelerator = parseAccelerator(only, jsonPath(accelerators.path, 0), findings);
  return accelerator && { name, type, ...accelerator };
}

function onlyItem(list: Json, at: { readonly what: string; readonly path: string; readonly findings: Findings }): Json | undefined {
  const items = Array.isArray(list) ? list : [];
  if (items.length !== 1) {
    at.findings.refuse(at.path, `must be a list of exactly one ${at.what}; a system has one ${at.what}`);
    return undefined;
  }
  return items[0];
}

function parseAccelerator(value: Json, path: string, findings: Findings): Pick<RecipeSystem, 'device' | 'ep' | 'accelerator'> | undefined {
  if (!isJsonObject(value)) {
    findings.refuse(path, 'must be an object');
    return undefined;
  }
  const writtenDevice = parseDevice(value['device'], jsonPath(path, 'device'), findings);
  const writtenEp = parseEp(value['execution_providers'], jsonPath(path, 'execution_providers'), findings);
  if (writtenDevice === null || writtenEp === null) return undefined;
  const ep = writtenEp ?? inferEp(writtenDevice, path, findings);
  const device = writtenDevice ?? (ep === undefined ? undefined : inferDevice(ep, path, findings));
  if (ep === undefined || device === undefined) return undefined;
  warnIncompatible(device, ep, { path, findings });
  return { device, ep, accelerator: acceleratorSpec(device, ep) };
}

/** null: refused. undefined: absent. */
function parseDevice(value: Json | undefined, path: string, findings: Findings): AcceleratorDevice | undefined | null {
  if (value === undefined || value === null) return undefined;
  const device = DEVICES.find((known) => typeof value === 'string' && known === value.toLowerCase());
  if (device !== undefined) return device;
  findings.refuse(path, 'must be cpu, gpu or npu');
  return null;
}

/** An item may be a pair of name and plug-in library path. null: refused. undefined: absent. */
function parseEp(value: Json | undefined, path: string, findings: Findings): string | undefined | null {
  if (value === undefined || value === null) return undefined;
  const item = onlyItem(value, { what: 'execution provider', path, findings });
  if (item === undefined) return null;
  const name = Array.isArray(item) ? item[0] : item;
  if (typeof name === 'string' && name.endsWith(SUFFIX) && name.length > SUFFIX.length) return name;
  findings.refuse(jsonPath(path, 0), `must be a name that ends in ${SUFFIX}`);
  return null;
}

function inferEp(device: AcceleratorDevice | undefined, path: string, findings: Findings): string | undefined {
  if (device === 'cpu') return 'CPUExecutionProvider';
  if (device === 'gpu') return 'CUDAExecutionProvider';
  findings.refuse(
    jsonPath(path, 'execution_providers'),
    device === undefined ? 'give a device or an execution provider' : 'an npu has no default execution provider: name one',
  );
  return undefined;
}

function inferDevice(ep: string, path: string, findings: Findings): AcceleratorDevice | undefined {
  const fitting = devicesOf(ep);
  const [only, another] = fitting;
  if (only !== undefined && another === undefined) return only;
  const why = only === undefined ? `Grove does not know which device ${ep} runs on` : `${ep} runs on ${fitting.join(' or ')}`;
  findings.refuse(jsonPath(path, 'device'), `${why}: name the device`);
  return undefined;
}

function devicesOf(ep: string): readonly AcceleratorDevice[] {
  const short = ep.slice(0, -SUFFIX.length).toLowerCase();
  return DEVICES.filter((device) => EPS_BY_DEVICE[device].some((known) => known.toLowerCase() === short));
}

function warnIncompatible(device: AcceleratorDevice, ep: string, at: { readonly path: string; readonly findings: Findings }): void {
  const fitting = devicesOf(ep);
  if (fitting.length === 0 || fitting.includes(device)) return;
  at.findings.warn(
    jsonPath(at.path, 'execution_providers', 0),
    `${ep} does not run on a ${device} (Olive would silently use the CPU); Grove asks for it as written`,
  );
}
