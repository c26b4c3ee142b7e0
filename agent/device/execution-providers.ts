import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EpInfo, Missing } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { ortNodeReaches } from '../../engine/runtime/ort-node-providers.ts';
import type { OrtFacts } from './ort.ts';
import type { Sysfs } from './sysfs.ts';

/** Providers this machine really has, and the reason for each other one. */
export interface EpProbe {
  readonly eps: readonly EpInfo[];
  readonly missing: readonly Missing[];
}

/**
 * Offers only what is certain: the CPU provider, which is compiled into the library. Each other is listed with the first thing that is in its way; one
 * whose every file is there still needs a session on real hardware to prove it, which this version does not try.
 */
export async function probeEps(ort: OrtFacts, sysfs: Sysfs, platform: string = `${process.platform}-${process.arch}`): Promise<EpProbe> {
  const missing: Missing[] = [];
  for (const [ep, reach] of ortNodeReaches(platform)) {
    if (ep === CPU_EP) continue;
    const obstacle = reach.reachable ? await OBSTACLES[ep]?.(ort, sysfs) : undefined;
    if (!reach.reachable) missing.push({ what: ep, why: `not-installed: ${reach.why}` });
    else if (obstacle !== undefined) missing.push({ what: ep, ...obstacle });
    else missing.push({ what: ep, why: `not-proven: it needs ${reach.requires ?? 'a device'}, and this version does not try it out` });
  }
  return { eps: [{ name: CPU_EP, version: ort.version, libraryDigest: null }], missing };
}

type Obstacle = (ort: OrtFacts, sysfs: Sysfs) => Promise<Omit<Missing, 'what'> | undefined>;

/** What can be seen to be absent without loading anything. */
const OBSTACLES: Readonly<Partial<Record<ExecutionProvider, Obstacle>>> = {
  CUDAExecutionProvider: (ort) => absentBeside(ort, 'libonnxruntime_providers_cuda.so'),
  TensorrtExecutionProvider: (ort) => absentBeside(ort, 'libonnxruntime_providers_tensorrt.so'),
  WebGpuExecutionProvider: (_, sysfs) => absentVulkan(sysfs),
};

async function absentBeside({ libraryPath }: OrtFacts, name: string): Promise<Omit<Missing, 'what'> | undefined> {
  if (await exists(join(dirname(libraryPath), name))) return undefined;
  return {
    why: `not-installed: ${name} is absent`,
    fix: `Put ${name} and libonnxruntime_providers_shared.so of the same ONNX Runtime beside ${libraryPath}.`,
  };
}

const VULKAN_FOLDERS = ['usr/lib/x86_64-linux-gnu', 'usr/lib64', 'usr/lib', 'usr/local/lib'];

async function absentVulkan(sysfs: Sysfs): Promise<Omit<Missing, 'what'> | undefined> {
  const found = await Promise.all(VULKAN_FOLDERS.map((folder) => exists(join(sysfs.root, folder, 'libvulkan.so.1'))));
  return process.platform !== 'linux' || found.includes(true)
    ? undefined
    : { why: 'not-installed: libvulkan.so.1 is absent', fix: 'Install the Vulkan loader (Debian: libvulkan1) and a driver.' };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
