import type { Machine } from '../machine.ts';
import { numberIn, type Sysfs } from '../sysfs.ts';
import { type NvidiaGpu, nvidiaGpus } from './nvidia.ts';
import { hexOf, type Sighting, UNKNOWN_FACTS } from './sighting.ts';

const VENDORS: Readonly<Record<string, string>> = { '10de': 'NVIDIA', '1002': 'AMD', '8086': 'Intel', '17cb': 'Qualcomm' };

/** Adapters of virtual machines and management boards: they show a picture and compute nothing. */
const DISPLAY_ONLY: Readonly<Record<string, string>> = {
  '1af4': 'virtio',
  '15ad': 'VMware',
  '1b36': 'QXL',
  '1234': 'QEMU',
  '1013': 'Cirrus',
  '1a03': 'ASPEED',
  '102b': 'Matrox',
  '80ee': 'VirtualBox',
  '1414': 'Hyper-V',
};

/** Display and 3D controllers. */
const GPU_CLASS = /^0x03/;

/** GPUs of a Linux machine from the PCI bus, with what drm and nvidia-smi know of them; also the one that WSL lends. */
export async function linuxGpus({ sysfs, query }: Machine): Promise<readonly Sighting[]> {
  const onBus: Sighting[] = [];
  const nvidia = nvidiaGpus(await query('nvidia-gpus'));
  for (const folder of await gpuFolders(sysfs)) onBus.push(await gpuAt(folder, sysfs, nvidia));
  const known = new Set(onBus.map(({ vendorId, deviceId }) => `${vendorId}:${deviceId}`));
  // A container may hide the bus and still lend the GPU.
  const lent = nvidia.filter(({ deviceId }) => !known.has(`10de:${deviceId}`)).map((gpu) => nvidiaSighting(gpu));
  return [...onBus, ...lent, ...(await wslGpu(sysfs))];
}

/** PCI folders of controllers; those of drm cards where the bus tells no class. Cards on no PCI bus have no ids and are left to Arm's drivers. */
async function gpuFolders(sysfs: Sysfs): Promise<readonly string[]> {
  const bus = (await sysfs.list('sys/bus/pci/devices')).map((address) => `sys/bus/pci/devices/${address}`);
  const classes = await Promise.all(bus.map((folder) => sysfs.text(`${folder}/class`)));
  const controllers = bus.filter((_, index) => GPU_CLASS.test(classes[index] ?? ''));
  if (controllers.length > 0) return controllers;
  return (await sysfs.list('sys/class/drm')).filter((name) => /^card\d+$/.test(name)).map((card) => `sys/class/drm/${card}/device`);
}

async function gpuAt(folder: string, sysfs: Sysfs, nvidia: readonly NvidiaGpu[]): Promise<Sighting> {
  const [vendor, device, revision, driver] = await Promise.all([
    sysfs.text(`${folder}/vendor`),
    sysfs.text(`${folder}/device`),
    sysfs.text(`${folder}/revision`),
    sysfs.linkName(`${folder}/driver`),
  ]);
  const [vendorId, deviceId] = [hexOf(vendor), hexOf(device)];
  const told = vendorId === '10de' ? nvidia.find((gpu) => gpu.deviceId === deviceId) : undefined;
  const version = driver && (await sysfs.text(`sys/module/${driver}/version`));
  const plain: Sighting = {
    ...UNKNOWN_FACTS,
    class: 'gpu',
    model: DISPLAY_ONLY[vendorId ?? ''] ?? VENDORS[vendorId ?? ''] ?? 'unknown vendor',
    ...{ vendorId, deviceId, revision: revision ?? null },
    driver: driver === undefined ? null : [driver, version].filter(Boolean).join(' '),
    memoryBytes: (await numberIn(sysfs, `${folder}/mem_info_vram_total`)) ?? null,
    obstacle: await obstacleOf({ vendorId, driver, folder }, sysfs),
  };
  return told === undefined ? plain : { ...nvidiaSighting(told), revision: plain.revision, obstacle: plain.obstacle };
}

function nvidiaSighting({ model, deviceId, driver, firmware, memoryBytes }: NvidiaGpu): Sighting {
  return { ...UNKNOWN_FACTS, class: 'gpu', vendorId: '10de', ...{ model, deviceId, driver, firmware, memoryBytes } };
}

interface Controller {
  readonly vendorId: string | null;
  readonly driver: string | undefined;
  readonly folder: string;
}

async function obstacleOf({ vendorId, driver, folder }: Controller, sysfs: Sysfs): Promise<Sighting['obstacle']> {
  if (DISPLAY_ONLY[vendorId ?? ''] !== undefined) return { why: 'unsupported: a display adapter that computes nothing' };
  if (driver === undefined)
    return {
      why: 'no-driver: no kernel driver has taken it',
      fix: vendorId === '10de' ? "Install NVIDIA's driver." : 'Load amdgpu, i915 or xe; the firmware comes with linux-firmware.',
    };
  if (driver === 'vfio-pci') return { why: 'unsupported: it is lent to a virtual machine (vfio-pci)' };
  const node = vendorId === '10de' && driver === 'nvidia' ? 'dev/nvidiactl' : await renderNode(folder, sysfs);
  if (node === undefined) return undefined;
  const access = await sysfs.access(node, 'read-write');
  if (access === 'ok') return undefined;
  if (access === 'not-present') return { why: `no-driver: ${driver} is loaded but /${node} is absent`, fix: 'Look at the kernel log.' };
  return {
    why: `no-permission: /${node} cannot be opened`,
    fix: 'Add the agent\'s user to the groups "render" and "video" and start the agent again.',
  };
}

async function renderNode(folder: string, sysfs: Sysfs): Promise<string | undefined> {
  const node = (await sysfs.list(`${folder}/drm`)).find((name) => name.startsWith('renderD'));
  return node === undefined ? undefined : `dev/dri/${node}`;
}

/** WSL lends the GPU of Windows through one node, without its ids. */
async function wslGpu(sysfs: Sysfs): Promise<readonly Sighting[]> {
  const access = await sysfs.access('dev/dxg', 'read-write');
  if (access === 'not-present') return [];
  const obstacle = access === 'ok' ? undefined : { why: 'no-permission: /dev/dxg cannot be opened' };
  return [{ ...UNKNOWN_FACTS, class: 'gpu', model: 'adapter of Windows, lent by WSL', driver: 'dxgkrnl', obstacle }];
}
