import type { AgentConfig } from '../../agent/config.ts';
import { thisMachine } from '../../agent/device/machine.ts';
import type { Device, DeviceProfile, HostInfo } from '../../domain/device.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import type { LaunchResult } from '../../engine/benchmark/run-launch.ts';
import { systemFiles } from '../../platform/files.ts';
import { VERSION } from '../../platform/version.ts';
import { probeHere } from '../agent-doctor/probe-here.ts';
import type { CommandContext } from '../context.ts';
import type { Evidence } from './evidence.ts';
import type { Facts } from './replay-verdict.ts';

/** A device with its machine, as a bundle knows them. */
interface Place {
  readonly profile: DeviceProfile;
  readonly host: Pick<HostInfo, 'osBuild' | 'bios'>;
}

/** A device of this machine that can try. */
export interface DeviceFound extends Place {
  readonly device: Device;
}

/** The device of this machine that offers a provider, of the kind that was measured where that is known; or why there is none. */
export async function findDevice(
  { ep, deviceClass }: { readonly ep: string; readonly deviceClass: DeviceProfile['class'] | undefined },
  config: AgentConfig,
  context: CommandContext,
): Promise<DeviceFound | { readonly why: string }> {
  // The probe tells how much room is left there; a machine that never was an agent's has none yet.
  await systemFiles.makeFolder(config.dataFolder);
  const { host, devices, missing } = await probeHere(config, thisMachine(), context);
  const device = devices.find(
    ({ profile }) => profile.eps.some(({ name }) => name === ep) && (deviceClass ?? profile.class) === profile.class,
  );
  if (device !== undefined) return { device, profile: device.profile, host };
  const known = missing.find(({ what }) => what.includes(ep));
  const kind = deviceClass === undefined ? 'device' : deviceClass;
  return { why: `no ${kind} of this machine offers ${ep}${known === undefined ? '' : `: ${known.why}`}` };
}

/** What the bundle says of where its result was measured. */
export function recordedFacts({ manifest, report, environment: { device } }: Evidence): Facts {
  return { Grove: manifest.groveVersion, ...placeFacts(device ?? undefined, report.executedEp), ...runtimeFacts(report) };
}

/** The same of this machine; without what only a measurement tells when there was none. */
export function factsHere(place: Place | undefined, measured: { readonly ep: string; readonly launch: LaunchResult | undefined }): Facts {
  const { ep, launch } = measured;
  return { Grove: VERSION, ...placeFacts(place, ep), ...(launch !== undefined && runtimeFacts(launch)) };
}

function placeFacts(place: Place | undefined, ep: string): Facts {
  if (place === undefined) return {};
  const { profile, host } = place;
  const provider = profile.eps.find(({ name }) => name === ep);
  return {
    device: profile.model,
    machine: profile.sku,
    emulated: profile.emulated ? 'yes' : 'no',
    driver: profile.driver,
    firmware: profile.firmware,
    memory: profile.memoryBytes === null ? null : `${(profile.memoryBytes / 1e9).toFixed(1)} GB`,
    'operating system': `${profile.os} ${profile.arch}`,
    'build of it': host.osBuild,
    BIOS: host.bios,
    [ep]: provider === undefined ? 'not offered' : [provider.version, provider.libraryDigest?.slice(0, 12) ?? ''].join(' ').trim(),
  };
}

/** Paths among a session's settings belong to a machine and say nothing of it. */
function runtimeFacts({ runtime, session }: Pick<BenchmarkReport, 'runtime' | 'session'>): Facts {
  const settings = Object.entries(session).filter(
    ([name, value]) => name !== 'epPackage' && !(typeof value === 'string' && /[\\/]/.test(value)),
  );
  return {
    'ONNX Runtime': `${runtime.ortVersion} ${runtime.ortLibraryDigest.slice(0, 12)}`,
    adapter: runtime.adapter,
    'Node.js': runtime.node.replace(/^v/, ''),
    ...('epPackage' in session && { package: String(session['epPackage']) }),
    ...Object.fromEntries(settings.map(([name, value]) => [`session ${name}`, String(value)])),
  };
}
