import { access, mkdir } from 'node:fs/promises';
import { type AgentConfig, DEFAULT_AGENT_URL, loadAgentConfig } from '../../agent/config.ts';
import type { Fixture } from '../../agent/device/fixture.ts';
import { thisMachine } from '../../agent/device/machine.ts';
import type { Probe } from '../../agent/device/probe.ts';
import { recordMachine } from '../../agent/device/record.ts';
import { StateReader } from '../../agent/device/state/state-reader.ts';
import { fine, type MachineFinding, machineFindings } from '../../agent/doctor/machine-findings.ts';
import { redacted } from '../../agent/doctor/redact.ts';
import { EpPackages } from '../../agent/eps/package-store.ts';
import { Toolchains } from '../../agent/toolchains/toolchain-store.ts';
import type { DeviceState } from '../../domain/device.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { environmentPython } from '../../platform/python.ts';
import type { CommandContext } from '../context.ts';
import { coordinatorFindings } from './coordinator-findings.ts';
import { probeHere } from './probe-here.ts';

/** What `grove agent doctor` found. */
export interface Examination {
  readonly findings: readonly MachineFinding[];
  readonly host: Probe['host'];
  readonly devices: Probe['devices'];
  readonly missing: Probe['missing'];
  readonly states: Readonly<Record<string, DeviceState>>;
}

export interface ExamineOptions {
  readonly flags: NonNullable<Parameters<typeof loadAgentConfig>[0]>;
  /** The farm's address for people: its clock is compared. */
  readonly url: string;
}

/** Between the two looks at processes. */
const LOOK_MS = 5_100;

/** Looks at this machine as its agent would, with the agent's configuration, and at the way to its coordinator. Nothing in it names a person or a serial number. */
export async function examineAgent(
  { flags, url }: ExamineOptions,
  context: CommandContext,
): Promise<Examination & { readonly fixture: Fixture }> {
  const config = await loadAgentConfig(flags, context.env);
  await mkdir(config.dataFolder, { recursive: true });
  const clock = createSystemClock();
  const { machine, fixture } = recordMachine(thisMachine());
  const reader = new StateReader({ machine, clock, ownPid: process.pid });
  const probe = await probeHere(config, machine, context);
  await reader.read(probe.devices, 'recent');
  await new Promise<void>((resolve) => {
    setTimeout(resolve, LOOK_MS);
  });
  const states = await reader.read(probe.devices, 'recent');
  const packages = await new EpPackages(config.dataFolder).list();
  const findings = [
    ...machineFindings({ config, probe, states, packages, toolchains: await toolchainsOf(config) }),
    ...(await coordinatorFindings(config.agentUrl ?? DEFAULT_AGENT_URL, url)),
    hubFinding(config),
  ];
  const secrets = [config.hub.token, config.hub.proxy.http, config.hub.proxy.https].filter((secret) => secret !== null);
  const { host, devices, missing } = probe;
  return redacted(
    { findings, host, devices, missing, states, fixture: fixture(`${devices[0]?.profile.sku ?? 'a machine'}, recorded`) },
    secrets,
  );
}

async function toolchainsOf({ dataFolder }: AgentConfig) {
  const installed = await new Toolchains(dataFolder).list();
  return await Promise.all(
    installed.map(async (toolchain) => {
      const isUsable = await access(environmentPython(toolchain.environment)).then(
        () => true,
        () => false,
      );
      return { ...toolchain, isUsable };
    }),
  );
}

function hubFinding({ hub, capabilities }: AgentConfig): MachineFinding {
  if (hub.isOff) return fine('agent', 'the hub is off: models and data come from folders and imports');
  if (!capabilities.includes('hub')) return fine('agent', 'it fetches nothing from a hub (capability `hub` is not set)');
  return fine('agent', `it fetches from ${new URL(hub.endpoint).host}, ${hub.token === null ? 'without a token' : 'with a token'}`);
}
