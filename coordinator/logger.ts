import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import type { CoordinatorConfig } from './config.ts';
import { LOG_EVENTS, type Log } from './log-events.ts';

export interface FileLog {
  readonly log: Log;
  /** Writes what is buffered and closes the file. */
  close(): void;
}

/** Structured log lines appended to a file: each names its event from {@link LOG_EVENTS}. */
export function createFileLog(path: string, level: CoordinatorConfig['logLevel']): FileLog {
  mkdirSync(dirname(path), { recursive: true });
  const destination = pino.destination({ dest: path, sync: true });
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const log: Log = (event, fields = {}) => {
    const { level: eventLevel, message } = LOG_EVENTS[event];
    logger[eventLevel]({ event, ...fields }, message);
  };
  return { log, close: () => destination.end() };
}
