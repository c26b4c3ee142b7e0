import type { Missing } from '../../domain/device.ts';
import type { Sysfs } from './sysfs.ts';

const VENDORS: Readonly<Record<string, string>> = {
  '0x10de': 'NVIDIA',
  '0x1002': 'AMD',
  '0x8086': 'Intel',
  '0x1af4': 'virtio',
  '0x15ad': 'VMware',
};

/**
 * GPUs of a Linux machine that no execution provider here can use. A GPU becomes a device only together with one; a card without is told, so that
 * nobody wonders where it went.
 */
export async function missingGpus(sysfs: Sysfs): Promise<readonly Missing[]> {
  const cards = (await sysfs.list('sys/class/drm')).filter((name) => /^card\d+$/.test(name));
  if (cards.length === 0) return [{ what: 'GPU', why: 'not-present: nothing in /sys/class/drm' }];
  return await Promise.all(cards.map((card) => describeCard(sysfs, `sys/class/drm/${card}/device`)));
}

async function describeCard(sysfs: Sysfs, folder: string): Promise<Missing> {
  const [vendor, device, driver] = await Promise.all([
    sysfs.text(`${folder}/vendor`),
    sysfs.text(`${folder}/device`),
    sysfs.linkName(`${folder}/driver`),
  ]);
  const ids = `${(vendor ?? '').replace('0x', '')}:${(device ?? '').replace('0x', '')}`;
  const what = `GPU ${VENDORS[vendor ?? ''] ?? 'unknown vendor'} ${ids}`;
  if (driver === undefined) return { what, why: 'no-driver: no kernel driver has taken it' };
  return {
    what,
    why: `not-installed: driver ${driver} is there, but no execution provider that uses it`,
    fix: 'See the reasons listed for each execution provider.',
  };
}
