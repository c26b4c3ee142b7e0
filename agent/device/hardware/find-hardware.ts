import type { Missing } from '../../../domain/device.ts';
import type { Machine } from '../machine.ts';
import { linuxGpus } from './linux-gpus.ts';
import { linuxNpus } from './linux-npus.ts';
import { asMissing, type Sighting, sightingName } from './sighting.ts';
import { type WindowsHardware, windowsSightings } from './windows-hardware.ts';

/** Every GPU and NPU of the machine. @param windows what PnP answered, on Windows. */
export async function findHardware(machine: Machine, windows: WindowsHardware | undefined): Promise<readonly Sighting[]> {
  if (machine.platform === 'win32') return windows === undefined ? [] : windowsSightings(windows);
  if (machine.platform !== 'linux') return [];
  return [...(await linuxNpus(machine.sysfs)), ...(await linuxGpus(machine))];
}

/** What became of hardware that is no device, and which kinds there are not at all. */
export function missingHardware(
  sightings: readonly Sighting[],
  {
    isDevice,
    platform,
    isAnswered,
  }: { isDevice(sighting: Sighting): boolean; readonly platform: NodeJS.Platform; readonly isAnswered: boolean },
): readonly Missing[] {
  if (platform !== 'linux' && platform !== 'win32') return [{ what: 'GPU and NPU', why: `not-probed on ${platform}` }];
  if (!isAnswered)
    return [
      {
        what: 'GPU and NPU',
        why: 'unknown: PowerShell could not list devices',
        fix: 'Run `powershell -NoProfile Get-PnpDevice` as the agent’s user.',
      },
    ];
  return [...sightings.flatMap((sighting, index) => lineOf(sighting, { index, sightings, isDevice })), ...absentKinds(sightings, platform)];
}

interface Place {
  readonly index: number;
  readonly sightings: readonly Sighting[];
  isDevice(sighting: Sighting): boolean;
}

function lineOf(sighting: Sighting, { index, sightings, isDevice }: Place): readonly Missing[] {
  if (!isDevice(sighting)) return [asMissing(sighting)];
  const isTwin = sightings.findIndex((other) => sightingName(other) === sightingName(sighting)) < index;
  if (!isTwin) return [];
  return [
    {
      what: `${sightingName(sighting)}, another of the same`,
      why: 'ambiguous: equal devices cannot be told apart by what ONNX Runtime says of them; one of them is used',
      fix: 'Choose which with the option `device_id` of its provider in `agent.eps`, or run one agent for each with its own `hostName`.',
    },
  ];
}

function absentKinds(sightings: readonly Sighting[], platform: 'linux' | 'win32'): readonly Missing[] {
  const has = (deviceClass: Sighting['class']) => sightings.some((sighting) => sighting.class === deviceClass);
  const places =
    platform === 'linux'
      ? {
          NPU: 'no NPU on the PCI bus, nothing in /sys/class/accel, no FastRPC node',
          GPU: 'no display controller on the PCI bus, nothing in /sys/class/drm',
        }
      : { NPU: 'no device of class ComputeAccelerator', GPU: 'no video controller' };
  return [
    ...(has('npu') ? [] : [{ what: 'NPU', why: `not-present: ${places.NPU}` }]),
    ...(has('gpu') ? [] : [{ what: 'GPU', why: `not-present: ${places.GPU}` }]),
  ];
}
