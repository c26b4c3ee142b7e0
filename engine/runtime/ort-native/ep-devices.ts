import type { EpDeviceClass } from '../eps/ep-definition.ts';
import { type OrtApi, type Pointer, pointersAt, textAt, toPointer } from './ort-api.ts';

/** A device an execution provider offers, as ONNX Runtime sees it. */
export interface EpDevice {
  /** Full provider name. */
  readonly ep: string;
  readonly class: EpDeviceClass;
  readonly vendor: string;
  /** PCI ids; 0 where the hardware has none. */
  readonly vendorId: number;
  readonly deviceId: number;
  /** What discovery found: `Discrete`, `LUID`, ... */
  readonly metadata: Readonly<Record<string, string>>;
  /** What the provider adds: `ov_device`, `version`, ... */
  readonly epMetadata: Readonly<Record<string, string>>;
}

/** A device and its native object, which belongs to the environment. */
export interface NativeEpDevice extends EpDevice {
  readonly pointer: Pointer;
}

/** ONNX Runtime's numbers for kinds of hardware. */
const CLASSES: readonly EpDeviceClass[] = ['cpu', 'gpu', 'npu'];

/** Devices of all registered providers; empty for a library older than 1.22. Throws OrtError. */
export function epDevices(api: OrtApi, env: Pointer): readonly NativeEpDevice[] {
  if (!api.has('GetEpDevices')) return [];
  const [table, count]: [unknown[], unknown[]] = [[null], [0]];
  api.call('GetEpDevices', env, table, count);
  return pointersAt(toPointer(table[0]), Number(count[0])).map((pointer) => describe(api, pointer));
}

function describe(api: OrtApi, pointer: Pointer): NativeEpDevice {
  const hardware = toPointer(api.value('EpDevice_Device', pointer));
  return {
    pointer,
    ep: String(api.value('EpDevice_EpName', pointer)),
    class: CLASSES[Number(api.value('HardwareDevice_Type', hardware))] ?? 'cpu',
    vendor: String(api.value('HardwareDevice_Vendor', hardware) ?? ''),
    vendorId: Number(api.value('HardwareDevice_VendorId', hardware)),
    deviceId: Number(api.value('HardwareDevice_DeviceId', hardware)),
    metadata: keyValues(api, toPointer(api.value('HardwareDevice_Metadata', hardware))),
    epMetadata: keyValues(api, toPointer(api.value('EpDevice_EpMetadata', pointer))),
  };
}

function keyValues(api: OrtApi, pairs: Pointer): Readonly<Record<string, string>> {
  if (pairs === 0n) return {};
  const [keys, values, count]: [unknown[], unknown[], unknown[]] = [[null], [null], [0]];
  api.value('GetKeyValuePairs', pairs, keys, values, count);
  const texts = (table: unknown) => pointersAt(toPointer(table), Number(count[0])).map(textAt);
  const names = texts(keys[0]);
  const contents = texts(values[0]);
  return Object.fromEntries(names.map((name, index) => [name, contents[index] ?? '']));
}
