import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Missing } from '../../domain/device.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { ortNodeReach } from '../../engine/runtime/ort-node-providers.ts';
import type { Environment } from '../config.ts';
import type { OrtFacts } from './ort.ts';
import type { Sysfs } from './sysfs.ts';

/**
 * The first thing that is in the way of a provider that no package brings, as far as it can be seen without loading anything; undefined when only a
 * trial can tell.
 */
export async function obstacleOf(
  ep: ExecutionProvider,
  { ort, sysfs, env, platform }: ObstacleFacts,
): Promise<Omit<Missing, 'what'> | undefined> {
  const reach = ortNodeReach(ep, platform);
  if (!reach.reachable)
    return {
      why: 'not-installed: the ONNX Runtime here has it not, and no package brings it',
      fix: `See ${ep} in docs/execution-providers.md.`,
    };
  return await OBSTACLES[ep]?.(ort, sysfs, env);
}

/** Where to look. */
export interface ObstacleFacts {
  readonly ort: OrtFacts;
  readonly sysfs: Sysfs;
  /** The environment children run in. */
  readonly env: Environment;
  /** `linux-x64`. */
  readonly platform: string;
}

type Obstacle = (ort: OrtFacts, sysfs: Sysfs, env: Environment) => Promise<Omit<Missing, 'what'> | undefined>;

/** What can be seen to be absent without loading anything. */
const OBSTACLES: Readonly<Partial<Record<ExecutionProvider, Obstacle>>> = {
  CUDAExecutionProvider: (ort) => absentBeside(ort, 'libonnxruntime_providers_cuda.so'),
  TensorrtExecutionProvider: (ort) => absentBeside(ort, 'libonnxruntime_providers_tensorrt.so'),
  WebGpuExecutionProvider: (_, sysfs, env) => absentVulkan(sysfs, env),
};

async function absentBeside({ libraryPath }: OrtFacts, name: string): Promise<Omit<Missing, 'what'> | undefined> {
  if (await exists(join(dirname(libraryPath), name))) return undefined;
  return {
    why: `not-installed: ${name} is absent`,
    fix: `Put ${name} and libonnxruntime_providers_shared.so of the same ONNX Runtime beside ${libraryPath}.`,
  };
}

const VULKAN_FOLDERS = ['usr/lib/x86_64-linux-gnu', 'usr/lib64', 'usr/lib', 'usr/local/lib'];

async function absentVulkan(sysfs: Sysfs, env: Environment): Promise<Omit<Missing, 'what'> | undefined> {
  const named = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const found = await Promise.all(
    [...VULKAN_FOLDERS, ...named].map((folder) => sysfs.access(`${folder.replace(/^\//, '')}/libvulkan.so.1`)),
  );
  return process.platform !== 'linux' || found.includes('ok')
    ? undefined
    : { why: 'not-installed: libvulkan.so.1 is absent', fix: 'Install the Vulkan loader (Debian: libvulkan1) and a driver.' };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
