/** Every event the coordinator logs: name -> level and sentence. Names are stable, so that people can search and alert on them. */
export const LOG_EVENTS = {
  'coordinator-started': { level: 'info', message: 'The coordinator serves' },
  'coordinator-stopping': { level: 'info', message: 'The coordinator stops' },
  'coordinator-stopped': { level: 'info', message: 'The coordinator has stopped' },
  'artifacts-opened': { level: 'info', message: 'The artifact store is open' },
  'garbage-collected': { level: 'info', message: 'A collection of garbage has ended' },
  'agent-connected': { level: 'info', message: 'An agent opened a session' },
  'agent-disconnected': { level: 'info', message: 'An agent session ended' },
  'agent-refused': { level: 'warn', message: 'An agent stream was refused' },
  'agent-too-slow': { level: 'warn', message: 'An agent does not read its messages; its stream was closed' },
  'task-assigned': { level: 'info', message: 'A task was handed to an agent' },
  'task-rejected': { level: 'warn', message: 'An agent would not take a task' },
  'agent-quarantined-itself': { level: 'warn', message: 'An agent asked for no more work: a device of it is broken' },
  'result-recorded': { level: 'info', message: 'An attempt ended with a result' },
  'result-refused': { level: 'warn', message: 'The result of an attempt was refused' },
  'attempt-expired': { level: 'warn', message: 'An attempt was given up: its lease, acceptance or agent ran out of time' },
  'job-overdue': { level: 'info', message: 'The deadline of a job is over; an attempt that runs is told to stop' },
  'expiry-held': { level: 'info', message: 'Nothing expires for a while: agents could not renew' },
  'job-cancelled': { level: 'info', message: 'A job was cancelled' },
  'job-archived': { level: 'debug', message: 'A job document was stored' },
  'job-not-archived': { level: 'error', message: 'A job document could not be stored' },
  'conversions-linked': { level: 'info', message: 'A source was resolved; its conversions are queued' },
  'follow-up-failed': { level: 'error', message: 'Conversions of a resolved source could not be queued; it is tried again' },
  'job-grown': { level: 'info', message: 'A job that follows the fleet took in devices' },
  'job-not-grown': { level: 'warn', message: 'A job that follows the fleet could not take in devices' },
  'suite-triggered': { level: 'info', message: 'A pinned suite runs on a device' },
  'suite-not-run': { level: 'warn', message: 'A pinned suite could not be submitted for a device' },
  'fleet-not-looked-at': { level: 'error', message: 'What a change of the fleet asks for was not done; it is tried again' },
  'durations-not-read': { level: 'warn', message: 'How long tasks took could not be read; estimates know less' },
  'log-write-failed': { level: 'error', message: 'A task log could not be written' },
  'store-event': { level: 'info', message: 'The task store did something on its own' },
  'clock-jumped': { level: 'warn', message: "The store's clock and this machine's moved against each other" },
  'clock-not-measured': { level: 'warn', message: "The offset to the store's clock could not be measured; the last one is kept" },
  'store-failed': { level: 'error', message: 'The task store cannot write any more; the coordinator stops' },
  'request-answered': { level: 'debug', message: 'A request was answered' },
  'request-failed': { level: 'error', message: 'A request met an unexpected error' },
  'internal-error': { level: 'error', message: 'Something unexpected was thrown' },
} as const satisfies Record<string, { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }>;

export type LogEvent = keyof typeof LOG_EVENTS;

/** Writes one event. Fields never hold tokens, signed URLs or file contents. */
export type Log = (event: LogEvent, fields?: Readonly<Record<string, unknown>>) => void;
