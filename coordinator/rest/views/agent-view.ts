import type { AgentState, AgentView } from '../../../api/agents.ts';
import { markText } from '../../../domain/agent-mark.ts';
import type { AgentRecord } from '../../store/task-store.ts';

/** An agent as people see it: one state, and its devices with their momentary state beside their profile. */
export function agentView(agent: AgentRecord): AgentView {
  const { agentId, agentVersion, host, lastSeenAt, connectedAt } = agent;
  return {
    agentId,
    agentVersion,
    host,
    state: stateOf(agent),
    mark: agent.mark,
    why: whyOf(agent),
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

function whyOf({ connection, mark, status }: AgentRecord): string {
  if (connection === 'offline') return mark === null ? 'no connection' : `no connection; ${mark.kind} ${markText(mark)}`;
  return mark === null ? status.why : markText(mark);
}

/** A closed stream within its grace still counts as connected: most come back. */
export function stateOf({ connection, mark, status, leases }: AgentRecord): AgentState {
  if (connection === 'offline') return 'offline';
  if (mark !== null) return mark.kind;
  if (status.state !== 'ready') return status.state;
  return leases.length > 0 ? 'busy' : 'idle';
}
