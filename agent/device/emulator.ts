import type { EpDefinition, EpDeviceClass } from '../../engine/runtime/eps/ep-definition.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { Environment } from '../config.ts';
import { findHardware } from './hardware/find-hardware.ts';
import { parseWindowsHardware } from './hardware/windows-hardware.ts';
import type { Machine } from './machine.ts';
import { softwareAdapter } from './software-adapter.ts';

/** Providers that take whatever adapter the graphics interface has, software too. */
const GRAPHICS: ReadonlySet<string> = new Set(['WebGpuExecutionProvider', 'DmlExecutionProvider']);

interface Place {
  /** As Node names it. */
  readonly arch: string;
  readonly deviceClass: EpDeviceClass;
  /** What stands for a GPU; null when there is real hardware. */
  readonly softwareAdapter: string | null;
}

/** The name of what stands in for silicon when a provider runs on a kind of device; null on silicon, as far as can be told. */
export function emulatorOf({ name, emulator }: EpDefinition, { arch, deviceClass, softwareAdapter: adapter }: Place): string | null {
  if (emulator !== undefined && emulator.arch === arch && emulator.class === deviceClass) return emulator.model;
  return GRAPHICS.has(name) && deviceClass === 'gpu' ? adapter : null;
}

/**
 * The same for a session on this machine, outside a farm.
 *
 * @param session without a class it gets the provider's first device.
 * @param env of the processes that open it.
 */
export async function emulatorHere(
  { ep, deviceClass }: { readonly ep: ExecutionProvider; readonly deviceClass?: EpDeviceClass },
  machine: Machine,
  env: Environment,
): Promise<string | null> {
  const definition = EP_DEFINITIONS[ep];
  const known = deviceClass ?? definition.classes[0] ?? 'cpu';
  const adapter = GRAPHICS.has(ep) && known === 'gpu' ? await adapterHere(machine, env) : null;
  return emulatorOf(definition, { arch: machine.arch, deviceClass: known, softwareAdapter: adapter });
}

async function adapterHere(machine: Machine, env: Environment): Promise<string | null> {
  const windows = machine.platform === 'win32' ? parseWindowsHardware(await machine.query('windows-devices')) : undefined;
  return softwareAdapter(machine.platform, { sightings: await findHardware(machine, windows), env });
}
