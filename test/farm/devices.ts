import { ENGINE_ORT_VERSION } from '../../domain/constants.ts';
import type { Device, DeviceProfile, HostInfo } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';

/** A plain CPU that runs the engine's ONNX Runtime, changed where a test cares. */
export function deviceOf(name: string, change: Partial<DeviceProfile> = {}): Device {
  const profile: DeviceProfile = {
    schemaVersion: 1,
    class: 'cpu',
    emulated: false,
    pciVendorId: null,
    pciDeviceId: null,
    revision: null,
    model: 'Test CPU',
    driver: null,
    firmware: null,
    memoryBytes: null,
    os: 'linux',
    arch: 'x64',
    sku: null,
    virtualMachine: null,
    ortVersion: ENGINE_ORT_VERSION,
    ortLibraryDigest: 'f'.repeat(64),
    eps: [{ name: CPU_EP, version: '1', libraryDigest: null }],
    toolchains: [],
    capabilities: ['hub'],
    labels: {},
    unknown: {},
  };
  return { name, profile: { ...profile, ...change } };
}

export function hostOf(hostId: string): HostInfo {
  return { hostId, hostName: hostId, osBuild: '1', bios: null, cpuCount: 4, memoryBytes: 1, freeDiskBytes: 1 };
}
