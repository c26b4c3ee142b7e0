import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, type as osType, release, version } from 'node:os';
import type { Device, DeviceProfile, HostInfo, Missing } from '../../domain/device.ts';
import { readMachineIdentity } from '../../platform/machine-id.ts';
import type { AgentConfig } from '../config.ts';
import { type CpuFacts, probeCpu } from './cpu.ts';
import { probeEps } from './execution-providers.ts';
import { missingGpus } from './gpu.ts';
import { missingNpus } from './npu.ts';
import { type OrtFacts, probeOrt } from './ort.ts';
import { Sysfs } from './sysfs.ts';
import { missingWindowsNpus } from './windows-npu.ts';

/** What an agent says of its machine in hello. */
export interface Probe {
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  readonly missing: readonly Missing[];
}

type ProbeConfig = Pick<AgentConfig, 'hostId' | 'hostName' | 'dataFolder' | 'labels' | 'capabilities'>;

/**
 * Looks at the machine and tells only what is certain; everything looked for and not found is listed with the reason.
 *
 * @param options.root prefix of `/sys`, `/proc`, `/etc` and `/dev`, for tests.
 */
export async function probeMachine(
  config: ProbeConfig,
  { root = '/', ort }: { readonly root?: string; readonly ort?: OrtFacts } = {},
): Promise<Probe> {
  const sysfs = new Sysfs(root);
  const runtime = ort ?? (await probeOrt());
  const [cpu, os, eps, accelerators] = await Promise.all([
    probeCpu(sysfs),
    operatingSystem(sysfs),
    probeEps(runtime, sysfs),
    missingAccelerators(sysfs),
  ]);
  const profile: DeviceProfile = {
    ...cpuProfile(cpu, runtime),
    os: os.name,
    eps: [...eps.eps],
    capabilities: [...config.capabilities],
    labels: { ...config.labels },
  };
  return {
    host: {
      hostId: config.hostId ?? (await readMachineIdentity(root)).hostId,
      hostName: config.hostName,
      osBuild: os.build,
      bios: cpu.bios,
      cpuCount: Math.max(1, cpus().length || availableParallelism()),
      memoryBytes: cpu.memoryBytes,
      freeDiskBytes: await freeDiskBytes(config.dataFolder),
    },
    devices: [{ name: `${config.hostName}/cpu0`, profile }],
    missing: [...accelerators, ...eps.missing],
  };
}

function cpuProfile(cpu: CpuFacts, ort: OrtFacts): Omit<DeviceProfile, 'os' | 'eps' | 'capabilities' | 'labels'> {
  const { bios: _, ...unknown } = cpu.unknown;
  return {
    schemaVersion: 1,
    class: 'cpu',
    emulated: false,
    pciVendorId: null,
    pciDeviceId: null,
    revision: null,
    model: cpu.model,
    driver: null,
    firmware: cpu.microcode,
    memoryBytes: cpu.memoryBytes,
    arch: process.arch,
    sku: cpu.sku,
    virtualMachine: cpu.virtualMachine,
    ortVersion: ort.version,
    ortLibraryDigest: ort.libraryDigest,
    toolchains: [],
    unknown: { ...unknown, ...(cpu.microcode === null && { firmware: 'not-present' }) },
  };
}

async function missingAccelerators(sysfs: Sysfs): Promise<readonly Missing[]> {
  if (process.platform === 'win32') return await missingWindowsNpus();
  if (process.platform !== 'linux') return [];
  return [...(await missingNpus(sysfs)), ...(await missingGpus(sysfs))];
}

/** Name for the profile, which equal machines share, and build for the environment id, which an update changes. */
async function operatingSystem(sysfs: Sysfs): Promise<{ readonly name: string; readonly build: string }> {
  const pretty = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec((await sysfs.text('etc/os-release')) ?? '')?.[1];
  if (process.platform === 'linux') return { name: pretty ?? 'Linux', build: `${osType()} ${release()}`.slice(0, 300) };
  return { name: process.platform === 'win32' ? version() : osType(), build: `${version()} ${release()}`.slice(0, 300) };
}

async function freeDiskBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
