import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Missing } from '../../domain/device.ts';
import type { EpDefinition } from '../../engine/runtime/eps/ep-definition.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { ortNodeReach } from '../../engine/runtime/ort-node-providers.ts';
import type { Environment } from '../config.ts';
import { windowsMlPackageOf } from '../eps/windows-ml.ts';
import type { Sighting } from './hardware/sighting.ts';
import type { WindowsHardware } from './hardware/windows-hardware.ts';
import type { Machine } from './machine.ts';
import type { OrtFacts } from './ort.ts';

/** Where to look. */
export interface ObstacleFacts {
  readonly ort: OrtFacts;
  readonly machine: Machine;
  readonly sightings: readonly Sighting[];
  /** Providers that Windows ML has installed. */
  readonly windowsMl: WindowsHardware['windowsMl'];
  /** The environment children run in. */
  readonly env: Environment;
}

type Obstacle = Omit<Missing, 'what'> | undefined;

/**
 * The first thing that is in the way of a provider that no package brings, as far as it can be seen without loading anything; undefined when only a
 * trial can tell.
 */
export async function obstacleOf(ep: ExecutionProvider, facts: ObstacleFacts): Promise<Obstacle> {
  const { platform, arch } = facts.machine;
  if (!ortNodeReach(ep, `${platform}-${arch}`).reachable) return notInstalled(EP_DEFINITIONS[ep], facts);
  return await OBSTACLES[ep]?.(facts);
}

/** How to get it, beginning with what is on the machine already. */
function notInstalled(definition: EpDefinition, { machine, sightings, windowsMl }: ObstacleFacts): Obstacle {
  const { id, vendorId, title, takes } = definition;
  const ready = windowsMlPackageOf(id, windowsMl);
  const install = machine.platform === 'win32' ? definition.install.windows : definition.install.linux;
  // A provider with a device in every machine fits everywhere.
  const fits = vendorId === undefined || definition.classes.includes('cpu') || sightings.some((sighting) => sighting.vendorId === vendorId);
  const why = 'not-installed: the ONNX Runtime here has it not, and no package brings it';
  if (ready !== undefined)
    return { why, fix: `Windows ML has it (version ${ready.version}): \`grove ep add winml:${ready.catalogueName}\`.` };
  return { why: fits ? why : `${why}; ${title} takes ${takes}, and none is seen here`, fix: install.slice(0, 300) };
}

/** What can be seen to be absent without loading anything. */
const OBSTACLES: Readonly<Partial<Record<ExecutionProvider, (facts: ObstacleFacts) => Promise<Obstacle>>>> = {
  CUDAExecutionProvider: (facts) => nvidiaObstacle(facts, 'libonnxruntime_providers_cuda.so'),
  TensorrtExecutionProvider: (facts) => nvidiaObstacle(facts, 'libonnxruntime_providers_tensorrt.so'),
  WebGpuExecutionProvider: absentVulkan,
};

async function nvidiaObstacle({ ort: { libraryPath }, sightings }: ObstacleFacts, name: string): Promise<Obstacle> {
  if (await exists(join(dirname(libraryPath), name))) return undefined;
  const gpu = sightings.find(({ vendorId }) => vendorId === '10de');
  const hardware = gpu === undefined ? '; no NVIDIA GPU is seen here' : gpu.obstacle === undefined ? '' : `; ${gpu.obstacle.why}`;
  return {
    why: `not-installed: ${name} is absent${hardware}`.slice(0, 300),
    fix: `Put ${name} and libonnxruntime_providers_shared.so of the same ONNX Runtime beside ${libraryPath}, or \`grove ep add\` a wheel of onnxruntime-gpu.`.slice(
      0,
      300,
    ),
  };
}

const VULKAN_FOLDERS = ['usr/lib/x86_64-linux-gnu', 'usr/lib64', 'usr/lib', 'usr/local/lib'];

async function absentVulkan({ machine: { platform, sysfs }, env }: ObstacleFacts): Promise<Obstacle> {
  const named = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const found = await Promise.all(
    [...VULKAN_FOLDERS, ...named].map((folder) => sysfs.access(`${folder.replace(/^\//, '')}/libvulkan.so.1`)),
  );
  return platform !== 'linux' || found.includes('ok')
    ? undefined
    : { why: 'not-installed: libvulkan.so.1 is absent', fix: 'Install the Vulkan loader (Debian: libvulkan1) and a driver.' };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
