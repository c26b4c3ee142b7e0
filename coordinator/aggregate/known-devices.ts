import { type Device, environmentId, type HostInfo } from '../../domain/device.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { AgentRecord } from '../store/task-store.ts';

/** A device as its agent reported it last. */
export interface KnownDevice extends Device {
  readonly host: HostInfo;
}

/** The fleet by device name. Environment digests are computed when first asked for: most devices have no result in a matrix. */
export class KnownDevices {
  readonly #devices: ReadonlyMap<string, KnownDevice>;
  readonly #environments = new Map<string, string>();
  readonly #sha256: Sha256;

  constructor(agents: readonly AgentRecord[], sha256: Sha256) {
    this.#devices = new Map(agents.flatMap(({ devices, host }) => devices.map((device) => [device.name, { ...device, host }] as const)));
    this.#sha256 = sha256;
  }

  get(deviceName: string): KnownDevice | undefined {
    return this.#devices.get(deviceName);
  }

  /** Null for a device no agent reports any more. */
  environmentIdOf(deviceName: string): string | null {
    const device = this.#devices.get(deviceName);
    if (device === undefined) return null;
    const known = this.#environments.get(deviceName) ?? environmentId(device.profile, device.host, this.#sha256);
    this.#environments.set(deviceName, known);
    return known;
  }
}
