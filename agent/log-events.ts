import { pino } from 'pino';

type Level = 'debug' | 'info' | 'warn' | 'error';

interface EventSpec {
  readonly level: Level;
  readonly message: string;
  /** Field name -> what it means. Every event carries exactly these. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Everything an agent may log, once: greppable by `event`, documented by the fields. */
export const AGENT_EVENTS = {
  started: {
    level: 'info',
    message: 'Agent started',
    fields: { agentId: 'its name', hostId: 'the machine', dataFolder: 'where it keeps its data', devices: 'device names, comma separated' },
  },
  stopping: { level: 'info', message: 'Agent stopping', fields: { reason: 'who or what asked' } },
  stopped: { level: 'info', message: 'Agent stopped', fields: {} },
  connecting: { level: 'debug', message: 'Connecting', fields: { url: 'coordinator address' } },
  connected: {
    level: 'info',
    message: 'Connected',
    fields: {
      sessionId: 'number of this session',
      coordinatorVersion: 'version of the other side',
      heldLeases: 'leases announced in hello',
    },
  },
  disconnected: { level: 'warn', message: 'Connection ended', fields: { why: 'error or "closed"', retryMs: 'delay before the next try' } },
  refused: {
    level: 'error',
    message: 'Coordinator refused this agent',
    fields: { code: 'error code', why: 'its message', advice: 'what to do' },
  },
  joined: { level: 'info', message: 'This machine is enrolled', fields: { agentId: 'its name', url: 'coordinator address' } },
  certificateRenewed: { level: 'info', message: 'The farm gave the next certificate', fields: { validUntil: 'end of its life' } },
  certificateNotRenewed: {
    level: 'warn',
    message: 'The certificate could not be renewed; it is tried again',
    fields: { validUntil: 'end of the present one', why: 'what the farm or the network said' },
  },
  statusChanged: { level: 'info', message: 'Status changed', fields: { state: 'ready, not-ready or draining', why: 'empty when ready' } },
  taskAccepted: {
    level: 'info',
    message: 'Task accepted',
    fields: { taskId: 'task', attempt: 'attempt number', kind: 'resolve, convert or benchmark', deviceName: 'device' },
  },
  taskRejected: { level: 'warn', message: 'Task rejected', fields: { taskId: 'task', attempt: 'attempt number', code: 'error code' } },
  stageStarted: { level: 'debug', message: 'Stage started', fields: { taskId: 'task', attempt: 'attempt number', stage: 'stage' } },
  taskEnded: {
    level: 'info',
    message: 'Task ended',
    fields: { taskId: 'task', attempt: 'attempt number', state: 'outcome', code: 'error code or empty' },
  },
  taskDropped: {
    level: 'warn',
    message: 'Task dropped without a result',
    fields: { taskId: 'task', attempt: 'attempt number', why: 'lease gone, revoked, abandoned' },
  },
  resultAcknowledged: {
    level: 'info',
    message: 'Result acknowledged',
    fields: { taskId: 'task', attempt: 'attempt number', recorded: 'false: known already', code: 'error code or empty' },
  },
  controlNotMeasured: {
    level: 'warn',
    message: 'Control recipe not measured',
    fields: { deviceName: 'device', ep: 'execution provider', why: 'error' },
  },
  leftoverKilled: { level: 'warn', message: 'Killed a process left by an earlier agent', fields: { pid: 'process', stage: 'what it ran' } },
  childWedged: { level: 'error', message: 'A process cannot be killed', fields: { pid: 'process', stage: 'what it runs' } },
  deviceUnhealthy: {
    level: 'error',
    message: 'A device does not run a small model',
    fields: { deviceName: 'device', ep: 'execution provider', why: 'what its process ended with' },
  },
  recoveryTried: {
    level: 'warn',
    message: 'Tried to recover a device',
    fields: { deviceName: 'device', how: 'what was done, and how it ended' },
  },
  blobEvicted: { level: 'debug', message: 'Evicted from the cache', fields: { sha256: 'blob', sizeBytes: 'its size' } },
  messageRejected: { level: 'warn', message: 'A message could not be handled', fields: { code: 'error code', why: 'its message' } },
  unexpected: {
    level: 'error',
    message: 'Unexpected error',
    fields: { where: 'what was being done', why: 'message', stack: 'stack trace' },
  },
} as const satisfies Record<string, EventSpec>;

type EventName = keyof typeof AGENT_EVENTS;

/** One method per event: `log.taskAccepted({taskId, attempt, kind, deviceName})`. */
export type AgentLog = {
  readonly [Name in EventName]: (
    fields: { readonly [Field in keyof (typeof AGENT_EVENTS)[Name]['fields']]: string | number | boolean },
  ) => void;
};

/** Where log lines go: JSON, one object a line. */
export interface LogSink {
  write(line: string): void;
}

/** @param level least severe level written; `silent` writes nothing. */
export function createAgentLog(level: Level | 'silent', sink: LogSink): AgentLog {
  const logger = pino({ level, base: null }, sink);
  const entries = Object.entries<EventSpec>(AGENT_EVENTS).map(([event, spec]) => {
    return [event, (fields: Readonly<Record<string, unknown>>) => logger[spec.level]({ event, ...fields }, spec.message)];
  });
  return Object.fromEntries(entries) as AgentLog;
}
