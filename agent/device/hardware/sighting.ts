import type { Missing } from '../../../domain/device.ts';

/** A GPU or NPU as the system shows it, whether or not anything can use it. */
export interface Sighting {
  readonly class: 'gpu' | 'npu';
  /** `Intel NPU (Lunar Lake)`: never a serial number or bus address. */
  readonly model: string;
  /** PCI ids, four hexadecimal digits; null for what sits on no PCI bus. */
  readonly vendorId: string | null;
  readonly deviceId: string | null;
  readonly revision: string | null;
  readonly driver: string | null;
  readonly firmware: string | null;
  readonly memoryBytes: number | null;
  /** What keeps every provider from it, as far as can be seen without one. */
  readonly obstacle: Omit<Missing, 'what'> | undefined;
}

/** Members most sightings leave open. */
export const UNKNOWN_FACTS = {
  ...{ vendorId: null, deviceId: null, revision: null, driver: null, firmware: null, memoryBytes: null },
  obstacle: undefined,
} as const satisfies Partial<Sighting>;

/** `NPU Intel NPU (Lunar Lake) 8086:643e`. */
export function sightingName({ class: deviceClass, model, vendorId, deviceId }: Sighting): string {
  const ids = vendorId === null ? '' : ` ${vendorId}:${deviceId ?? '????'}`;
  return `${deviceClass.toUpperCase()} ${model}${ids}`.slice(0, 300);
}

/** Why hardware became no device of the farm. */
export function asMissing(sighting: Sighting): Missing {
  const what = sightingName(sighting);
  if (sighting.obstacle !== undefined) return { what, ...sighting.obstacle };
  return {
    what,
    why: `not-installed: driver ${sighting.driver ?? 'unknown'} is there, but no execution provider that uses it`,
    fix: 'See the reasons listed for each execution provider; docs/execution-providers.md says where each comes from.',
  };
}

/** PCI ids without their prefix. */
export function hexOf(id: string | undefined): string | null {
  const digits = /^(?:0x)?([0-9a-f]{4})$/i.exec(id ?? '')?.[1];
  return digits?.toLowerCase() ?? null;
}
