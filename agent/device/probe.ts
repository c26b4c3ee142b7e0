import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, type as osType, release, version } from 'node:os';
import type { Device, DeviceProfile, HostInfo, Missing } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';
import { readMachineIdentity } from '../../platform/machine-id.ts';
import type { AgentConfig } from '../config.ts';
import { EpPackages } from '../eps/package-store.ts';
import { Toolchains } from '../toolchains/toolchain-store.ts';
import { type CpuFacts, probeCpu } from './cpu.ts';
import { type EpOffer, offersOf, type TryProvider } from './ep-devices.ts';
import { obstacleOf } from './execution-providers.ts';
import { missingGpus } from './gpu.ts';
import { missingNpus } from './npu.ts';
import { offeredDevices } from './offered-devices.ts';
import { type OrtFacts, probeOrt } from './ort.ts';
import { softwareAdapter } from './software-adapter.ts';
import { RootedSysfs, type Sysfs } from './sysfs.ts';
import { missingWindowsNpus } from './windows-npu.ts';

/** Lines a hello message may hold. */
const MAX_MISSING = 64;

/** What an agent says of its machine in hello. */
export interface Probe {
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  readonly missing: readonly Missing[];
}

type ProbeConfig = Pick<AgentConfig, 'hostId' | 'hostName' | 'dataFolder' | 'labels' | 'capabilities' | 'runtime' | 'eps' | 'childEnv'>;

/** What a probe gets from outside; each has a real default but for the trial, without which nothing is tried. */
export interface ProbePorts {
  /** Prefix of `/sys`, `/proc`, `/etc` and `/dev`, for tests. */
  readonly root?: string;
  readonly ort?: OrtFacts;
  readonly tryProvider: TryProvider;
}

/**
 * Looks at the machine and tells only what is certain: a provider is offered once it has run a model here; everything looked for and not found is
 * listed with the reason.
 */
export async function probeMachine(config: ProbeConfig, { root = '/', ort, tryProvider }: ProbePorts): Promise<Probe> {
  const sysfs = new RootedSysfs(root);
  const runtime = ort ?? (await probeOrt());
  const [cpu, os, eps, accelerators] = await Promise.all([
    probeCpu(sysfs),
    operatingSystem(sysfs),
    probeOffers(config, { ort: runtime, sysfs, tryProvider }),
    missingAccelerators(sysfs),
  ]);
  const onCpu = eps.offers.filter((offer) => offer.class === 'cpu').map(({ ep }) => ep);
  const profile: DeviceProfile = {
    ...cpuProfile(cpu, runtime),
    os: os.name,
    eps: [{ name: CPU_EP, version: runtime.version, libraryDigest: null }, ...onCpu],
    toolchains: await toolchainsOf(config.dataFolder),
    capabilities: [...config.capabilities],
    labels: { ...config.labels },
  };
  const others = await offeredDevices(eps.offers, { host: profile, hostName: config.hostName, sysfs });
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
    devices: [{ name: `${config.hostName}/cpu0`, profile }, ...others],
    missing: [...accelerators.filter((absent) => !others.some((device) => isAbout(absent, device.profile))), ...eps.missing].slice(
      0,
      MAX_MISSING,
    ),
  };
}

/** Ids, and the plain names that selectors ask for. */
async function toolchainsOf(dataFolder: string): Promise<string[]> {
  const installed = await new Toolchains(dataFolder).list();
  return [...new Set(installed.flatMap(({ id, name }) => [name, id]))].sort();
}

interface OfferPlace {
  readonly ort: OrtFacts;
  readonly sysfs: Sysfs;
  readonly tryProvider: TryProvider;
}

async function probeOffers(
  config: ProbeConfig,
  { ort, sysfs, tryProvider }: OfferPlace,
): Promise<{ readonly offers: readonly EpOffer[]; readonly missing: readonly Missing[] }> {
  const facts = { ort, sysfs, env: config.childEnv, platform: `${process.platform}-${process.arch}` };
  return offersOf({
    config,
    packages: await new EpPackages(config.dataFolder).list(),
    tryProvider,
    // Another build may have anything compiled in: only a trial tells.
    obstacle: async (ep) => (config.runtime.ort === null ? await obstacleOf(ep, facts) : undefined),
    softwareAdapter: await softwareAdapter(sysfs, config.childEnv),
    ortVersion: ort.version,
  });
}

/** Whether hardware that is listed as missing turned out to be a device. */
function isAbout({ what }: Missing, { pciVendorId, pciDeviceId }: DeviceProfile): boolean {
  return pciVendorId !== null && what.includes(`${pciVendorId}:${pciDeviceId}`);
}

function cpuProfile(cpu: CpuFacts, ort: OrtFacts): Omit<DeviceProfile, 'os' | 'eps' | 'toolchains' | 'capabilities' | 'labels'> {
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
