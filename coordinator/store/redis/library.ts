import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BREAKER_FAILURES, FIRST_QUARANTINE_MS, LONGEST_QUARANTINE_MS } from '../../../domain/agent-mark.ts';
import { ACCEPT_MS, ATTEMPT_LIMIT_MS, LEASE_MS, SILENCE_MS, STREAM_GRACE_MS } from '../../../domain/constants.ts';
import { ERRORS, type ErrorCode } from '../../../domain/errors.ts';
import { DEADLINE_NAME } from '../../../domain/job.ts';
import { assertTransition, isEnd, taskStateSchema } from '../../../domain/task-state.ts';
import { INSTALLATION_FOLDER } from '../../../platform/installation.ts';
import { VERSION } from '../../../platform/version.ts';
import {
  AGING_MS,
  AVOID_MS,
  LOOKED_AT_PER_LINE,
  MAX_KEPT_EVENTS,
  MAX_REMEMBERED_TURNS,
  MAX_UNACCEPTED_ATTEMPTS,
  PRIORITIES,
  PRIORITY_CLASS,
  SHARED_LEASES_PER_HOST,
} from '../order.ts';
import { LAYOUT } from './layout.ts';
import { libraryName } from './library-names.ts';
import { RESULT_NUMBERS } from './result-codes.ts';

/** Requirements whose matches are remembered; beyond that all are forgotten and asked again. */
const MAX_KNOWN_ROUTES = 20_000;

/** Shared parts in the order in which they need each other, then one file per command. */
const PARTS = [
  'unit-of-work',
  'alarms',
  'jobs',
  'matching',
  'quotas',
  'queues',
  'tasks',
  'exclusivity',
  'avoidance',
  'attempts',
  'agents',
  'marks',
  'new-tasks',
  'stops',
  'choose',
];

/** Tables that the parts fill, declared before all of them: they call each other. */
const NAMESPACES = ['work', ...PARTS.slice(1).map((part) => part.replaceAll('-', '_')), 'commands', 'queries'];

/** One file and one function each; `add_tasks` lies in `commands/add-tasks.lua`. */
const COMMANDS = [
  'submit',
  'add_tasks',
  'hello',
  'heartbeat',
  'close_stream',
  'acquire',
  'accept',
  'reject',
  'complete',
  'mark_agent',
  'set_policy',
  'curate_cell',
  'cancel_job',
  'expire',
  'learn',
  'archive',
] as const;
export type CommandFunction = (typeof COMMANDS)[number];

/** Functions of `queries.lua`. */
const QUERIES = [
  'policy',
  'lease_counts',
  'tasks',
  'tasks_of',
  'tasks_in',
  'benchmarks',
  'job',
  'jobs',
  'known_jobs',
  'running_jobs',
  'following_jobs',
  'agent',
  'agents',
  'queues',
  'position',
  'unjudged',
  'ended_jobs',
  'documents',
] as const;
export type QueryFunction = (typeof QUERIES)[number];

/** Codes of errors that the store itself makes; those an agent reports bring their own word on whether another attempt helps. */
const OWN_ERRORS: readonly ErrorCode[] = [
  'deadline-exceeded',
  'agent-lost',
  'not-accepted',
  'attempt-timeout',
  'agent-shutdown',
  'cancelled',
  'source-failed',
];

/** The library of functions as Redis keeps it. */
export interface FunctionLibrary {
  readonly name: string;
  readonly text: string;
}

export function readLibrary(): FunctionLibrary {
  const files = [...PARTS, ...COMMANDS.map((name) => `commands/${name.replaceAll('_', '-')}`), 'queries', 'main'];
  const parts = files.map((file) => readFileSync(join(FUNCTIONS_FOLDER, `${file}.lua`), 'utf8'));
  const body = [constants(), ...NAMESPACES.map((name) => `local ${name} = {}`), ...parts, ...registrations()].join('\n');
  const name = libraryName(VERSION, createHash('sha256').update(body).digest('hex'));
  return { name, text: `#!lua name=${name}\nlocal LIBRARY = '${name}'\n${body}` };
}

function registrations(): readonly string[] {
  return ['register_commands()', ...QUERIES.map((name) => `register_query('${name}')`)];
}

/** Lua is not compiled: what runs from `dist/` reads it beside the sources too. */
const FUNCTIONS_FOLDER = join(INSTALLATION_FOLDER, 'coordinator', 'store', 'redis', 'functions');

/** What the functions share with TypeScript, so that there is one truth. */
function constants(): string {
  const values = {
    LAYOUT: String(LAYOUT),
    LEASE_MS,
    ACCEPT_MS,
    ATTEMPT_LIMIT_MS,
    SILENCE_MS,
    STREAM_GRACE_MS,
    SHARED_LEASES_PER_HOST,
    MAX_UNACCEPTED_ATTEMPTS,
    AVOID_MS,
    LOOKED_AT_PER_LINE,
    MAX_REMEMBERED_TURNS,
    MAX_KEPT_EVENTS,
    MAX_KNOWN_ROUTES,
    BREAKER_FAILURES,
    FIRST_QUARANTINE_MS,
    LONGEST_QUARANTINE_MS,
    DEADLINE_NAME,
    TASK_COST: 1,
    PRIORITIES,
    PRIORITY_CLASS,
    AGING_MS,
    STATE_INDEX: Object.fromEntries(taskStateSchema.options.map((state, index) => [state, index + 1])),
    RESULT: RESULT_NUMBERS,
    ENDS: flags(taskStateSchema.options.filter(isEnd)),
    TRANSITIONS: transitions(),
    RETRYABLE: flags(OWN_ERRORS.filter((code) => ERRORS[code].retryable)),
    UNSUPPORTED: flags(['unsupported-pass', 'unsupported-input', 'unsupported-data']),
  };
  return Object.entries(values)
    .map(([name, value]) => `local ${name} = ${lua(value)}`)
    .join('\n');
}

function flags(names: readonly string[]): Readonly<Record<string, boolean>> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

function transitions(): Readonly<Record<string, Readonly<Record<string, boolean>>>> {
  const states = taskStateSchema.options;
  return Object.fromEntries(states.map((from) => [from, flags(states.filter((to) => isAllowed(from, to)))]));
}

function isAllowed(...[from, to]: readonly [(typeof taskStateSchema.options)[number], (typeof taskStateSchema.options)[number]]): boolean {
  try {
    assertTransition('', from, to);
    return true;
  } catch {
    return false;
  }
}

type LuaValue = number | boolean | string | readonly string[] | { readonly [key: string]: LuaValue };

function lua(value: LuaValue): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `{ ${value.map((item) => JSON.stringify(item)).join(', ')} }`;
  return `{ ${Object.entries(value)
    .map(([key, member]) => `[${JSON.stringify(key)}] = ${lua(member)}`)
    .join(', ')} }`;
}
