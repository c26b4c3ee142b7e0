import type { Environment } from '../config.ts';
import type { Sysfs } from './sysfs.ts';

/** Vulkan drivers that compute on the CPU, by what their files are called. */
const SOFTWARE: Readonly<Record<string, RegExp>> = {
  'SwiftShader (software Vulkan)': /swiftshader/i,
  'llvmpipe (software Vulkan)': /lvp|llvmpipe/i,
};

/**
 * The name of the software adapter a graphics interface would use here, or null with real hardware: what the environment names, else whatever there
 * is where no graphics card has a driver.
 */
export async function softwareAdapter(
  sysfs: Sysfs,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<string | null> {
  const named = `${env['VK_DRIVER_FILES'] ?? ''} ${env['VK_ICD_FILENAMES'] ?? ''}`;
  const known = Object.entries(SOFTWARE).find(([, pattern]) => pattern.test(named));
  if (known !== undefined) return known[0];
  if (platform !== 'linux') return null;
  const cards = (await sysfs.list('sys/class/drm')).filter((name) => /^card\d+$/.test(name));
  const drivers = await Promise.all(cards.map((card) => sysfs.linkName(`sys/class/drm/${card}/device/driver`)));
  return drivers.some((driver) => driver !== undefined) ? null : 'software Vulkan adapter';
}
