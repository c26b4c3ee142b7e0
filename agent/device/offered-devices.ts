import type { Device, DeviceProfile } from '../../domain/device.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import { isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { EpOffer } from './ep-devices.ts';
import type { Sighting } from './hardware/sighting.ts';

/** What devices of one machine have in common. */
export interface DevicePlace {
  /** Profile of the machine's CPU. */
  readonly host: DeviceProfile;
  readonly hostName: string;
  /** GPUs and NPUs as the system shows them. */
  readonly sightings: readonly Sighting[];
}

/** The GPUs and NPUs that at least one provider runs on, real ones first: `lab-17/npu0`. Providers on one piece of hardware share its device. */
export function offeredDevices(offers: readonly EpOffer[], place: DevicePlace): readonly Device[] {
  const groups = new Map<string, EpOffer[]>();
  const accelerated = offers
    .filter((offer) => offer.class !== 'cpu')
    .map((offer) => identified(offer, place.sightings))
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
    devices.push({ name: `${place.hostName}/${first.class}${counts[first.class]++}`, profile: profileOf(first, group, place) });
  }
  return devices;
}

/** A provider that is compiled in names no device: where only one piece of hardware can be meant, it is that one. */
function identified(offer: EpOffer, sightings: readonly Sighting[]): EpOffer {
  if (offer.emulator !== null || offer.pciVendorId !== null) return offer;
  const vendorId = isExecutionProvider(offer.ep.name) ? EP_DEFINITIONS[offer.ep.name].vendorId : undefined;
  const usable = sightings.filter(({ class: deviceClass, obstacle }) => deviceClass === offer.class && obstacle === undefined);
  const fitting = usable.filter((sighting) => vendorId === undefined || sighting.vendorId === vendorId);
  const [only] = fitting;
  const areEqual = fitting.every((sighting) => sighting.vendorId === only?.vendorId && sighting.deviceId === only?.deviceId);
  return only === undefined || !areEqual ? offer : { ...offer, pciVendorId: only.vendorId, pciDeviceId: only.deviceId };
}

function profileOf(first: EpOffer, group: readonly EpOffer[], { host, sightings }: DevicePlace): DeviceProfile {
  const { emulator, pciVendorId, pciDeviceId } = first;
  // An emulator reports the CPU it computes on, whose ids would name it wrongly.
  const hardware = emulator === null ? { pciVendorId, pciDeviceId } : { pciVendorId: null, pciDeviceId: null };
  const seen = emulator === null ? sightingOf(first, sightings) : undefined;
  const facts = {
    driver: seen?.driver ?? null,
    firmware: seen?.firmware ?? null,
    memoryBytes: seen?.memoryBytes ?? null,
    revision: seen?.revision ?? null,
  };
  const why = emulator !== null ? 'emulated' : seen === undefined ? 'the provider names no device that the system shows' : 'not-present';
  return {
    ...host,
    ...hardware,
    class: first.class,
    emulated: emulator !== null,
    model: emulator ?? (seen === undefined ? modelOf(first) : seenModel(seen)),
    ...facts,
    eps: group.map(({ ep }) => ep),
    unknown: Object.fromEntries(UNKNOWN_FIELDS.filter((field) => facts[field] === null).map((field) => [field, why])),
  };
}

const UNKNOWN_FIELDS = ['driver', 'firmware', 'memoryBytes'] as const;

/** Of equal devices the first; a provider without ids and one piece of hardware without ids mean each other. */
function sightingOf({ class: deviceClass, pciVendorId, pciDeviceId }: EpOffer, sightings: readonly Sighting[]): Sighting | undefined {
  return sightings.find(
    (sighting) => sighting.class === deviceClass && sighting.vendorId === pciVendorId && sighting.deviceId === pciDeviceId,
  );
}

function seenModel({ model, vendorId, deviceId }: Sighting): string {
  return (vendorId === null ? model : `${model} ${vendorId}:${deviceId ?? '????'}`).slice(0, 300);
}

function modelOf({ vendor, class: deviceClass, pciVendorId, pciDeviceId }: EpOffer): string {
  const ids = pciVendorId === null ? '' : ` ${pciVendorId}:${pciDeviceId ?? '????'}`;
  return `${vendor || 'unknown'} ${deviceClass.toUpperCase()}${ids}`.slice(0, 300);
}
