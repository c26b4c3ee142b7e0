import type { Environment } from '../config.ts';
import type { Sighting } from './hardware/sighting.ts';

/** Vulkan drivers that compute on the CPU, by what their files are called. */
const SOFTWARE: Readonly<Record<string, RegExp>> = {
  'SwiftShader (software Vulkan)': /swiftshader/i,
  'llvmpipe (software Vulkan)': /lvp|llvmpipe/i,
};

/**
 * The name of the software adapter a graphics interface would use here, or null with real hardware: what the environment names, else whatever there
 * is where no graphics card has a driver.
 */
export function softwareAdapter(
  platform: NodeJS.Platform,
  { sightings, env }: { readonly sightings: readonly Sighting[]; readonly env: Environment },
): string | null {
  const named = `${env['VK_DRIVER_FILES'] ?? ''} ${env['VK_ICD_FILENAMES'] ?? ''}`;
  const known = Object.entries(SOFTWARE).find(([, pattern]) => pattern.test(named));
  if (known !== undefined) return known[0];
  const hasGpu = sightings.some(({ class: deviceClass, driver, obstacle }) => {
    const computes = obstacle === undefined || !obstacle.why.startsWith('unsupported');
    return deviceClass === 'gpu' && driver !== null && computes;
  });
  if (hasGpu) return null;
  if (platform === 'linux') return 'software Vulkan adapter';
  return platform === 'win32' ? 'WARP (software Direct3D)' : null;
}
