import type { AgentState, AgentView } from '../../../api/agents.ts';
import type { AgentRecord } from '../../store/task-store.ts';

/** An agent as people see it: one state, and its devices with their momentary state beside their profile. */
export function agentView(agent: AgentRecord): AgentView {
  const { agentId, agentVersion, host, status, lastSeenAt, connectedAt } = agent;
  return {
    agentId,
    agentVersion,
    host,
    state: stateOf(agent),
    why: agent.connection === 'offline' ? 'no connection' : status.why,
    devices: agent.devices.map(({ name, profile }) => ({
      name,
      profile,
      profileDigest: agent.profileDigests[name] ?? '',
      state: agent.deviceStates[name] ?? null,
    })),
    missing: [...agent.missing],
    leases: agent.leases.map(({ taskId, attempt, deviceName }) => ({ taskId, attempt, deviceName })),
    lastSeenAt,
    connectedAt,
  };
}

/** A closed stream within its grace still counts as connected: most come back. */
function stateOf({ connection, status, leases }: AgentRecord): AgentState {
  if (connection === 'offline') return 'offline';
  if (status.state !== 'ready') return status.state;
  return leases.length > 0 ? 'busy' : 'idle';
}
