import type { Missing } from '../../domain/device.ts';
import type { Sysfs } from './sysfs.ts';

/** An NPU as its bus shows it. */
export interface NpuSighting {
  readonly what: string;
  readonly vendorId: string;
  readonly deviceId: string;
  readonly driver: string | undefined;
}

/** PCI class of processing accelerators; Intel's NPU is one. */
const ACCELERATOR_CLASS = '0x1200';
/** AMD NPUs carry the class of a signal processor, so they are known by id: Phoenix/Hawk Point and Strix/Krackan. */
const AMD_NPUS: Readonly<Record<string, string>> = {
  '1502': 'AMD NPU (XDNA, Phoenix or Hawk Point)',
  '17f0': 'AMD NPU (XDNA 2, Strix or Krackan)',
};

/** NPUs on the PCI bus of a Linux machine, with or without a driver. */
async function findNpus(sysfs: Sysfs): Promise<readonly NpuSighting[]> {
  const sightings: NpuSighting[] = [];
  for (const address of await sysfs.list('sys/bus/pci/devices')) {
    const folder = `sys/bus/pci/devices/${address}`;
    const [vendor, device, pciClass] = await Promise.all([
      sysfs.text(`${folder}/vendor`),
      sysfs.text(`${folder}/device`),
      sysfs.text(`${folder}/class`),
    ]);
    const what = nameOf({ vendor: vendor ?? '', device: device ?? '', pciClass: pciClass ?? '' });
    if (what === undefined) continue;
    sightings.push({ what, vendorId: hex(vendor), deviceId: hex(device), driver: await sysfs.linkName(`${folder}/driver`) });
  }
  return sightings;
}

function nameOf({
  vendor,
  device,
  pciClass,
}: {
  readonly vendor: string;
  readonly device: string;
  readonly pciClass: string;
}): string | undefined {
  if (vendor === '0x1022') return AMD_NPUS[device.slice(2)];
  if (vendor === '0x8086' && pciClass.startsWith(ACCELERATOR_CLASS)) return 'Intel NPU';
  return pciClass.startsWith(ACCELERATOR_CLASS) ? `Accelerator ${hex(vendor)}:${hex(device)}` : undefined;
}

function hex(id: string | undefined): string {
  return (id ?? '').replace(/^0x/, '');
}

/** One line for every NPU that cannot be used, or one that says there is none. This version has no execution provider that runs on an NPU. */
export async function missingNpus(sysfs: Sysfs): Promise<readonly Missing[]> {
  const sightings = await findNpus(sysfs);
  if (sightings.length === 0 && (await sysfs.list('sys/class/accel')).length === 0)
    return [{ what: 'NPU', why: 'not-present: no NPU on the PCI bus and nothing in /sys/class/accel' }];
  return await Promise.all(sightings.map((sighting) => explain(sighting, sysfs)));
}

async function explain({ what, vendorId, deviceId, driver }: NpuSighting, sysfs: Sysfs): Promise<Missing> {
  const name = `${what} ${vendorId}:${deviceId}`;
  if (driver === undefined)
    return {
      what: name,
      why: 'no-driver: the hardware is there, no kernel driver has taken it',
      fix: 'Install the vendor driver (Linux 6.14 or later has amdxdna, 6.6 or later intel_vpu).',
    };
  const nodes = await sysfs.list('dev/accel');
  if (nodes.length === 0)
    return {
      what: name,
      why: `no-driver: ${driver} is loaded but /dev/accel is empty`,
      fix: 'Look at the kernel log for firmware errors.',
    };
  if (!(await anyWritable(sysfs, nodes)))
    return { what: name, why: 'no-permission: /dev/accel cannot be opened', fix: 'Add the agent\'s user to the group "render".' };
  return {
    what: name,
    why: 'not-installed: no execution provider for it is installed',
    fix: 'Its recipes run here with --substitute-ep cpu meanwhile.',
  };
}

async function anyWritable(sysfs: Sysfs, nodes: readonly string[]): Promise<boolean> {
  const checks = await Promise.all(nodes.map((node) => sysfs.access(`dev/accel/${node}`, 'read-write')));
  return checks.includes('ok');
}
