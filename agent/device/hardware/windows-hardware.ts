import { z } from 'zod';
import { hexOf, type Sighting, UNKNOWN_FACTS } from './sighting.ts';

const words = z.string().nullable().catch(null);

const npuSchema = z.object({
  name: z.string().catch('NPU'),
  status: z.string().catch(''),
  problem: z.string().catch(''),
  ids: z.array(z.string()).catch([]),
  driver: words,
});
const gpuSchema = z.object({ name: z.string().catch('GPU'), id: z.string().catch(''), driver: words, status: z.string().catch('') });

const windowsSchema = z.object({
  npus: z.array(npuSchema).catch([]),
  gpus: z.array(gpuSchema).catch([]),
  /** MatchingDeviceId of the driver's registry key -> bytes: Win32_VideoController has 32 bits for it. */
  memory: z.record(z.string(), z.number().nullable()).catch({}),
  manufacturer: words,
  model: words,
  bios: words,
  hypervisor: z.boolean().nullable().catch(null),
  windowsMl: z.array(z.object({ name: z.string(), version: z.string() })).catch([]),
});
/** What the query `windows-devices` answered. */
export type WindowsHardware = z.infer<typeof windowsSchema>;

/** Undefined when there was no answer, or none that is such a document. */
export function parseWindowsHardware(json: string | undefined): WindowsHardware | undefined {
  try {
    return windowsSchema.safeParse(JSON.parse(json ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Adapters that draw and compute in software, or elsewhere. */
const SOFTWARE_ADAPTER = /Microsoft (?:Basic|Remote|Hyper-V)|Parsec|Citrix|DisplayLink|spacedesk|Virtual Display/i;

/** NPUs and GPUs as PnP shows them. */
export function windowsSightings({ npus, gpus, memory }: WindowsHardware): readonly Sighting[] {
  return [...npus.map(npuSighting), ...gpus.map((gpu) => gpuSighting(gpu, memory))];
}

/** AMD's NPU generations differ by revision only. */
const AMD_GENERATIONS: readonly (readonly [RegExp, string])[] = [
  [/DEV_1502/i, 'Phoenix or Hawk Point'],
  [/DEV_17F0.*REV_(?:00|10|11)/i, 'Strix'],
  [/DEV_17F0.*REV_20/i, 'Krackan'],
];

function npuSighting({ name, status, problem, ids, driver }: WindowsHardware['npus'][number]): Sighting {
  const all = ids.join(' ');
  const generation = AMD_GENERATIONS.find(([pattern]) => pattern.test(all))?.[1];
  const isFine = status === 'OK';
  return {
    ...UNKNOWN_FACTS,
    ...idsOf(all),
    class: 'npu',
    model: `${name.trim()}${generation === undefined ? '' : ` (${generation})`}`.slice(0, 200),
    driver,
    obstacle: isFine
      ? undefined
      : {
          why: `no-driver: Windows reports "${status}"${problem === '' ? '' : ` (${problem})`}`,
          fix: "Install or update the vendor's NPU driver; Device Manager shows it under Neural processors.",
        },
  };
}

function gpuSighting({ name, id, driver, status }: WindowsHardware['gpus'][number], memory: WindowsHardware['memory']): Sighting {
  const matching = Object.keys(memory).find((key) => id.toLowerCase().startsWith(key.toLowerCase()));
  const obstacle = SOFTWARE_ADAPTER.test(name)
    ? { why: 'unsupported: a remote or software adapter' }
    : status === 'OK'
      ? undefined
      : { why: `no-driver: Windows reports "${status}"`, fix: 'Install or update the vendor driver.' };
  return {
    ...UNKNOWN_FACTS,
    ...idsOf(id),
    class: 'gpu',
    model: name.trim().slice(0, 200),
    driver,
    memoryBytes: matching === undefined ? null : (memory[matching] ?? null),
    obstacle,
  };
}

/** `PCI\VEN_1022&DEV_17F0&...&REV_10`; `ACPI\QCOM0D0A` and `ACPI\VEN_QCOM&DEV_0D0A` have no PCI ids. */
function idsOf(ids: string): Pick<Sighting, 'vendorId' | 'deviceId' | 'revision'> {
  const [, vendor, device] = /PCI\\VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})/i.exec(ids) ?? [];
  const revision = /&REV_([0-9A-F]{2})/i.exec(ids)?.[1];
  return { vendorId: hexOf(vendor), deviceId: hexOf(device), revision: revision === undefined ? null : `0x${revision.toLowerCase()}` };
}

/** HypervisorPresent is also true on bare metal with memory integrity switched on: only the machine's name tells a guest. */
export function isWindowsGuest({ manufacturer, model, hypervisor }: WindowsHardware): boolean | null {
  if (hypervisor === false) return false;
  const name = `${manufacturer ?? ''} ${model ?? ''}`.trim();
  return name === '' ? null : /virtual machine|vmware|virtualbox|kvm|qemu|xen|parallels|HVM domU/i.test(name);
}
