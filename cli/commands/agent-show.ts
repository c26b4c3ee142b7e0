import type { AgentView } from '../../api/agents.ts';
import { deviceStateText } from '../../domain/device-state-text.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove agent show AGENT`: its machine, its devices, and what its probe did not find and why. */
export const registerAgentShow: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('show <agent>')
    .description('show one agent: machine, devices, what is missing and why');
  withOutput(command).action(async (agentId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.agent(agentId), agentText);
  });
};

function agentText(agent: AgentView): string {
  const { host } = agent;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  return [
    `agent ${agent.agentId}  ${agent.state}${agent.why === '' ? '' : ` (${agent.why})`}  version ${agent.agentVersion}`,
    `host ${host.hostName}: ${host.osBuild}, ${host.cpuCount} CPUs, ${gigabytes(host.memoryBytes)} memory, ${gigabytes(host.freeDiskBytes)} disk free`,
    ...agent.devices.flatMap(deviceLines),
    ...agent.missing.map((missing) => `missing ${missing.what}: ${missing.why}${missing.fix === undefined ? '' : `; ${missing.fix}`}`),
    ...agent.leases.map((lease) => `runs ${lease.taskId} (attempt ${lease.attempt}) on ${lease.deviceName}`),
  ].join('\n');
}

function deviceLines({ name, profile, state }: AgentView['devices'][number]): string[] {
  const unknown = Object.entries(profile.unknown).map(([field, why]) => `${field} (${why})`);
  const momentary = state === null ? [] : [`  now: ${deviceStateText(state)}`];
  return [
    `device ${name}: ${profile.model}${profile.emulated ? ' (emulated)' : ''}, driver ${profile.driver ?? '-'}, ${profile.os} ${profile.arch}`,
    `  offers ${profile.eps.map((ep) => `${ep.name} ${ep.version}`).join(', ') || 'no execution provider'} with ONNX Runtime ${profile.ortVersion}`,
    ...momentary,
    ...(unknown.length > 0 ? [`  unknown: ${unknown.join(', ')}`] : []),
  ];
}
