import type { AgentRecord } from '../../coordinator/store/task-store.ts';
import { CLOSED_BREAKER } from '../../domain/agent-mark.ts';
import type { Device } from '../../domain/device.ts';
import { profileDigest } from '../../domain/device.ts';
import { sha256 } from '../../platform/sha256.ts';
import { hostOf } from './devices.ts';

/** An idle, connected agent as the store knows it, changed where a test cares. */
export function agentOf(agentId: string, devices: readonly Device[], change: Partial<AgentRecord> = {}): AgentRecord {
  return {
    agentId,
    instanceId: `instance-${agentId}`,
    agentVersion: '1',
    sessionId: 1,
    coordinatorId: 'c',
    host: hostOf(`host-${agentId}`),
    devices,
    profileDigests: Object.fromEntries(devices.map(({ name, profile }) => [name, profileDigest(profile, sha256)])),
    missing: [],
    status: { state: 'ready', why: '' },
    mark: null,
    breaker: CLOSED_BREAKER,
    deviceStates: {},
    connection: 'connected',
    lastSeenAt: 0,
    connectedAt: 0,
    leases: [],
    ...change,
  };
}
