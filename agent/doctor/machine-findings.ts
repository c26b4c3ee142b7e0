import type { DeviceState, Missing } from '../../domain/device.ts';
import type { GateFinding, GateName } from '../../domain/gate.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import { isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { AgentConfig } from '../config.ts';
import type { Probe } from '../device/probe.ts';
import type { EpPackage } from '../eps/ep-package.ts';
import type { GateSettings } from '../gates/gate-keeper.ts';
import { findingsOf } from '../gates/gate-rules.ts';
import type { Toolchain } from '../toolchains/toolchain.ts';

/** One thing that was looked at. */
export interface MachineFinding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly area: 'device' | 'execution provider' | 'power and load' | 'disk' | 'clock' | 'coordinator' | 'toolchain' | 'agent';
  readonly what: string;
  /** The exact thing to do; empty when nothing is to be done. */
  readonly fix: string;
}

/** What is known of a machine once it has been looked at. */
export interface Examined {
  readonly config: AgentConfig;
  readonly probe: Probe;
  /** Device name -> state. */
  readonly states: Readonly<Record<string, DeviceState>>;
  /** Of execution providers: what somebody has installed is meant to work. */
  readonly packages: readonly Pick<EpPackage, 'ep'>[];
  readonly toolchains: readonly (Toolchain & { readonly isUsable: boolean })[];
}

/** Everything that can be told of a machine without its farm. Pure. */
export function machineFindings(examined: Examined): readonly MachineFinding[] {
  return [
    ...deviceFindings(examined),
    ...examined.probe.missing.map((missing) => missingFinding(missing, examined)),
    ...powerFindings(examined),
    diskFinding(examined),
    ...toolchainFindings(examined),
  ];
}

function deviceFindings({ probe }: Examined): readonly MachineFinding[] {
  return probe.devices.map(({ name, profile }) => {
    const { model, driver, firmware, eps, emulated, virtualMachine } = profile;
    const facts = [
      driver === null ? '' : `driver ${driver}`,
      firmware === null ? '' : `firmware ${firmware}`,
      `runs ${eps.map((ep) => `${ep.name} ${ep.version}`).join(', ')}`,
      emulated ? 'emulated: its numbers are never ranked' : '',
      virtualMachine === true && profile.class === 'cpu' ? 'a virtual machine: other guests disturb it' : '',
    ].filter(Boolean);
    return fine('device', `${name}: ${model}; ${facts.join('; ')}`);
  });
}

/** Hardware that could work and does not is a problem; what is not there at all, and providers for hardware that is not there, is not. */
function missingFinding({ what, why, fix = '' }: Missing, { config, packages }: Examined): MachineFinding {
  const [ep = ''] = what.split(' ');
  const isProvider = isExecutionProvider(ep);
  const area = isProvider ? 'execution provider' : 'device';
  const text = `${what}: ${why}`;
  if (/^(?:no-permission|no-driver)/.test(why)) return { level: 'problem', area, what: text, fix };
  const isWanted = isProvider && (config.eps[ep] !== undefined || packages.some((installed) => installed.ep === ep));
  if (isWanted || (isProvider && why.startsWith('not-loaded')))
    return {
      level: 'problem',
      area,
      what: text,
      fix: fix || `See ${EP_DEFINITIONS[ep].title} in docs/execution-providers.md, or remove its package (\`grove ep remove\`).`,
    };
  if (!isProvider && /^(?:not-installed|ambiguous|unknown)/.test(why)) return { level: 'warning', area, what: text, fix };
  return { level: 'ok', area, what: text, fix };
}

const GATE_FIXES: Readonly<Record<GateName, string>> = {
  battery: 'Connect the machine to mains.',
  'power-save':
    'Choose the performance mode: `powerprofilesctl set performance` (Linux), Settings > System > Power (Windows), or in the firmware.',
  throttled:
    'Let it cool, clean its fans, raise its power limit or improve its place; for an NVIDIA GPU see `nvidia-smi -q -d PERFORMANCE`.',
  busy: 'Stop what else runs there, or run it on another machine.',
  'low-memory': 'Close programs, or add memory.',
};

function powerFindings({ config, states }: Examined): readonly MachineFinding[] {
  const found = Object.values(states).flatMap((state) => findingsOf({ state, before: undefined, isIdle: true }, config.gates.limits));
  const once = found.filter(({ gate }, index) => found.findIndex((other) => other.gate === gate) === index);
  if (once.length === 0) return [fine('power and load', 'power, heat, load and memory are as a measurement needs them')];
  return once.map((finding) => gateFinding(finding, config.gates));
}

function gateFinding({ gate, why }: GateFinding, { actions }: GateSettings): MachineFinding {
  const waits = actions[gate] === 'wait';
  const effect = waits ? 'it takes no work until that is over' : 'its results bear the badge "disturbed"';
  return { level: waits ? 'problem' : 'warning', area: 'power and load', what: `${why}: ${effect}`, fix: GATE_FIXES[gate] };
}

function diskFinding({ config: { cache, dataFolder }, probe }: Examined): MachineFinding {
  const { freeDiskBytes } = probe.host;
  const free = `${gigabytes(freeDiskBytes)} free in ${dataFolder}`;
  if (freeDiskBytes < cache.minFreeBytes)
    return {
      level: 'problem',
      area: 'disk',
      what: `${free}: less than ${gigabytes(cache.minFreeBytes)}, it takes no work`,
      fix: 'Free space, or move GROVE_DATA.',
    };
  if (freeDiskBytes < cache.minFreeBytes + 5e9)
    return {
      level: 'warning',
      area: 'disk',
      what: `${free}: a few models fill it`,
      fix: 'Free space, move GROVE_DATA, or lower agent.cache.maxBytes.',
    };
  return fine('disk', free);
}

function toolchainFindings({ toolchains }: Examined): readonly MachineFinding[] {
  if (toolchains.length === 0) return [fine('toolchain', 'none is installed: recipes that need one go to another machine')];
  return toolchains.map(({ id, environment, isUsable }) =>
    isUsable
      ? fine('toolchain', `${id} in ${environment}`)
      : {
          level: 'problem',
          area: 'toolchain',
          what: `${id}: its Python is gone from ${environment}`,
          fix: `Run \`grove toolchain remove ${id}\` and install it again.`,
        },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Something that is as it should be. */
export function fine(area: MachineFinding['area'], what: string): MachineFinding {
  return { level: 'ok', area, what, fix: '' };
}
