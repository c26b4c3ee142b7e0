import type { Device, DeviceProfile } from '../../../domain/device.ts';

/** A device of that class; everything that does not matter is plain. */
export function deviceOf(deviceClass: DeviceProfile['class'], change: Partial<DeviceProfile> = {}): Device {
  return {
    name: `lab-17/${deviceClass}0`,
    profile: {
      schemaVersion: 1,
      class: deviceClass,
      emulated: false,
      ...{ pciVendorId: null, pciDeviceId: null, revision: null, model: 'a device', driver: null, firmware: null, memoryBytes: null },
      ...{ os: 'Debian', arch: 'x64', sku: null, virtualMachine: false, ortVersion: '1.30.0', ortLibraryDigest: '0'.repeat(64) },
      ...{ eps: [], toolchains: [], capabilities: [], labels: {}, unknown: {} },
      ...change,
    },
  };
}

export const NPU = deviceOf('npu', { pciVendorId: '8086', pciDeviceId: '643e' });
export const GPU = deviceOf('gpu', { pciVendorId: '10de', pciDeviceId: '2330' });
