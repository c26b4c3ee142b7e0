import type { Missing } from '../../../domain/device.ts';
import type { Sysfs } from '../sysfs.ts';
import { hexOf, type Sighting, UNKNOWN_FACTS } from './sighting.ts';

/** PCI class of processing accelerators; Intel's NPU is one. */
const ACCELERATOR_CLASS = '0x1200';

/** NPUs by PCI ids. AMD's carry the class of a signal processor, so that they are known by id alone. */
const KNOWN: Readonly<Record<string, string>> = {
  '1022:1502': 'AMD NPU (XDNA, Phoenix or Hawk Point)',
  '1022:17f0': 'AMD NPU (XDNA 2, Strix or Krackan)',
  '8086:7d1d': 'Intel NPU (Meteor Lake)',
  '8086:ad1d': 'Intel NPU (Arrow Lake)',
  '8086:643e': 'Intel NPU (Lunar Lake)',
  '8086:b03e': 'Intel NPU (Panther Lake)',
  '17cb:a100': 'Qualcomm Cloud AI 100',
};

/** Libraries through which providers reach Intel's driver. */
const LEVEL_ZERO = ['usr/lib/x86_64-linux-gnu', 'usr/lib64', 'usr/local/lib'].flatMap((folder) => [
  `${folder}/libze_intel_npu.so.1`,
  `${folder}/libze_intel_vpu.so.1`,
]);

/** NPUs of a Linux machine: those with a driver, from /sys/class/accel, then those nobody has taken, from the PCI bus, then Qualcomm's DSP. */
export async function linuxNpus(sysfs: Sysfs): Promise<readonly Sighting[]> {
  const nodes = (await sysfs.list('sys/class/accel')).filter((name) => /^accel\d+$/.test(name));
  const driven = await Promise.all(nodes.map((node) => drivenNpu(sysfs, node)));
  return [...driven, ...(await undrivenNpus(sysfs, driven)), ...(await hexagon(sysfs))];
}

async function drivenNpu(sysfs: Sysfs, node: string): Promise<Sighting> {
  const folder = `sys/class/accel/${node}/device`;
  const facts = await pciNpu(sysfs, folder);
  const [generation, firmware] = await Promise.all([sysfs.text(`${folder}/vbnv`), sysfs.text(`${folder}/fw_version`)]);
  return {
    ...facts,
    model: generation === undefined ? facts.model : `${facts.model} ${generation}`,
    firmware: firmware ?? null,
    obstacle: await nodeObstacle(sysfs, `dev/accel/${node}`, facts),
  };
}

async function nodeObstacle(
  sysfs: Sysfs,
  node: string,
  { driver, vendorId }: Pick<Sighting, 'driver' | 'vendorId'>,
): Promise<Sighting['obstacle']> {
  const access = await sysfs.access(node, 'read-write');
  if (access === 'not-present')
    return {
      why: `no-driver: ${driver ?? 'its driver'} is loaded but /${node} is absent`,
      fix: 'Look at the kernel log for firmware errors.',
    };
  if (access === 'no-permission') return noPermission(node);
  if (vendorId !== '8086') return undefined;
  const libraries = await Promise.all(LEVEL_ZERO.map((path) => sysfs.access(path)));
  return libraries.includes('ok')
    ? undefined
    : {
        why: 'not-installed: the user-space driver (libze_intel_npu) is absent',
        fix: 'Install intel-level-zero-npu, intel-driver-compiler-npu and intel-fw-npu of one release.',
      };
}

function noPermission(node: string): Omit<Missing, 'what'> {
  return { why: `no-permission: /${node} cannot be opened`, fix: 'Add the agent\'s user to the group "render" and start the agent again.' };
}

async function undrivenNpus(sysfs: Sysfs, driven: readonly Sighting[]): Promise<readonly Sighting[]> {
  const found: Sighting[] = [];
  for (const address of await sysfs.list('sys/bus/pci/devices')) {
    const folder = `sys/bus/pci/devices/${address}`;
    const facts = await pciNpu(sysfs, folder);
    const pciClass = await sysfs.text(`${folder}/class`);
    const isNpu = KNOWN[`${facts.vendorId}:${facts.deviceId}`] !== undefined || pciClass?.startsWith(ACCELERATOR_CLASS);
    if (isNpu && !driven.some(isSame(facts))) found.push({ ...facts, obstacle: await driverObstacle(sysfs, facts) });
  }
  return found;
}

async function driverObstacle(sysfs: Sysfs, { driver, vendorId }: Sighting): Promise<Sighting['obstacle']> {
  if (driver !== null)
    return { why: `no-driver: ${driver} is loaded but /sys/class/accel is empty`, fix: 'Look at the kernel log for firmware errors.' };
  const kernel = (await sysfs.text('proc/sys/kernel/osrelease')) ?? 'unknown';
  const module =
    vendorId === '1022' ? 'amdxdna (Linux 6.14 or later)' : vendorId === '8086' ? 'intel_vpu (Linux 6.6 or later)' : "its vendor's driver";
  return {
    why: 'no-driver: the hardware is there, no kernel driver has taken it',
    fix: `Load ${module}; this kernel is ${kernel}. The driver also needs its firmware (linux-firmware).`,
  };
}

function isSame({ vendorId, deviceId }: Sighting): (other: Sighting) => boolean {
  return (other) => other.vendorId === vendorId && other.deviceId === deviceId;
}

async function pciNpu(sysfs: Sysfs, folder: string): Promise<Sighting> {
  const [vendor, device, revision, driver] = await Promise.all([
    sysfs.text(`${folder}/vendor`),
    sysfs.text(`${folder}/device`),
    sysfs.text(`${folder}/revision`),
    sysfs.linkName(`${folder}/driver`),
  ]);
  const [vendorId, deviceId] = [hexOf(vendor), hexOf(device)];
  const version = driver && (await sysfs.text(`sys/module/${driver}/version`));
  return {
    ...UNKNOWN_FACTS,
    class: 'npu',
    model: KNOWN[`${vendorId}:${deviceId}`] ?? (vendorId === '8086' ? 'Intel NPU' : 'accelerator'),
    ...{ vendorId, deviceId, revision: revision ?? null },
    driver: driver === undefined ? null : [driver, version].filter(Boolean).join(' '),
  };
}

/** Qualcomm's DSP on Linux has no PCI ids: it is reached through a FastRPC node, and the SoC tells its name. */
async function hexagon(sysfs: Sysfs): Promise<readonly Sighting[]> {
  const [node] = (await sysfs.list('dev')).filter((name) => name.startsWith('fastrpc-cdsp'));
  if (node === undefined) return [];
  const [machine, soc] = await Promise.all([sysfs.text('sys/devices/soc0/machine'), sysfs.text('sys/devices/soc0/soc_id')]);
  const isOpen = (await sysfs.access(`dev/${node}`, 'read-write')) === 'ok';
  return [
    {
      ...UNKNOWN_FACTS,
      class: 'npu',
      model: ['Qualcomm HTP', machine, soc && `(SoC ${soc})`].filter(Boolean).join(' '),
      driver: 'fastrpc',
      obstacle: isOpen ? undefined : { ...noPermission(`dev/${node}`), fix: `Let the agent's user open /dev/${node} (a udev rule).` },
    },
  ];
}
