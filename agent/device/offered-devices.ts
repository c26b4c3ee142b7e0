import type { Device, DeviceProfile } from '../../domain/device.ts';
import type { EpOffer } from './ep-devices.ts';
import type { Sysfs } from './sysfs.ts';

/** What devices of one machine have in common. */
export interface DevicePlace {
  /** Profile of the machine's CPU. */
  readonly host: DeviceProfile;
  readonly hostName: string;
  readonly sysfs: Sysfs;
}

/** The GPUs and NPUs that at least one provider runs on, real ones first: `lab-17/npu0`. Providers on one piece of hardware share its device. */
export async function offeredDevices(offers: readonly EpOffer[], place: DevicePlace): Promise<readonly Device[]> {
  const groups = new Map<string, EpOffer[]>();
  const accelerated = offers
    .filter((offer) => offer.class !== 'cpu')
    .sort((a, b) => Number(a.emulator !== null) - Number(b.emulator !== null));
  for (const offer of accelerated) {
    const { class: deviceClass, emulator, pciVendorId, pciDeviceId } = offer;
    const key = `${deviceClass} ${emulator ?? `${pciVendorId}:${pciDeviceId}`}`;
    groups.set(key, [...(groups.get(key) ?? []), offer]);
  }
  const counts = { gpu: 0, npu: 0, cpu: 0 };
  const devices: Device[] = [];
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    devices.push({ name: `${place.hostName}/${first.class}${counts[first.class]++}`, profile: await profileOf(first, group, place) });
  }
  return devices;
}

async function profileOf(first: EpOffer, group: readonly EpOffer[], { host, sysfs }: DevicePlace): Promise<DeviceProfile> {
  const { emulator, pciVendorId, pciDeviceId } = first;
  // An emulator reports the CPU it computes on, whose ids would name it wrongly.
  const hardware = emulator === null ? { pciVendorId, pciDeviceId } : { pciVendorId: null, pciDeviceId: null };
  const facts = await pciFacts(sysfs, hardware);
  return {
    ...host,
    ...hardware,
    class: first.class,
    emulated: emulator !== null,
    model: emulator ?? modelOf(first),
    ...facts,
    firmware: null,
    memoryBytes: null,
    eps: group.map(({ ep }) => ep),
    unknown: {
      ...(facts.driver === null && { driver: unknownReason(emulator) }),
      firmware: unknownReason(emulator),
      memoryBytes: unknownReason(emulator),
    },
  };
}

function unknownReason(emulator: string | null): string {
  return emulator === null ? 'not-probed' : 'emulated';
}

function modelOf({ vendor, class: deviceClass, pciVendorId, pciDeviceId }: EpOffer): string {
  const ids = pciVendorId === null ? '' : ` ${pciVendorId}:${pciDeviceId ?? '????'}`;
  return `${vendor || 'unknown'} ${deviceClass.toUpperCase()}${ids}`.slice(0, 300);
}

/** Driver and revision of a PCI device by its ids; of equal devices the first. */
async function pciFacts(
  sysfs: Sysfs,
  { pciVendorId, pciDeviceId }: Pick<DeviceProfile, 'pciVendorId' | 'pciDeviceId'>,
): Promise<Pick<DeviceProfile, 'driver' | 'revision'>> {
  if (pciVendorId !== null) {
    for (const address of await sysfs.list('sys/bus/pci/devices')) {
      const folder = `sys/bus/pci/devices/${address}`;
      const ids = `${await sysfs.text(`${folder}/vendor`)} ${await sysfs.text(`${folder}/device`)}`;
      if (ids === `0x${pciVendorId} 0x${pciDeviceId}`)
        return { driver: (await sysfs.linkName(`${folder}/driver`)) ?? null, revision: (await sysfs.text(`${folder}/revision`)) ?? null };
    }
  }
  return { driver: null, revision: null };
}
