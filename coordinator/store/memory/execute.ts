import type { Sha256 } from '../../../domain/json.ts';
import type { StoreEvent, TaskStore } from '../task-store.ts';
import { accept } from './commands/accept.ts';
import { acquire } from './commands/acquire.ts';
import { addTasks } from './commands/add-tasks.ts';
import { cancelJob } from './commands/cancel-job.ts';
import { closeStream } from './commands/close-stream.ts';
import { complete } from './commands/complete.ts';
import { curateCell } from './commands/curate-cell.ts';
import { expire } from './commands/expire.ts';
import { heartbeat } from './commands/heartbeat.ts';
import { hello } from './commands/hello.ts';
import { markAgent } from './commands/mark-agent.ts';
import { reject } from './commands/reject.ts';
import { setPolicy } from './commands/set-policy.ts';
import { submit } from './commands/submit.ts';
import { settleEffects } from './effects.ts';
import type { State } from './state.ts';

/** Names of the commands that change the store, as the journal writes them. */
export const COMMAND_NAMES = [
  'submit',
  'addTasks',
  'hello',
  'heartbeat',
  'closeStream',
  'acquire',
  'accept',
  'reject',
  'complete',
  'markAgent',
  'setPolicy',
  'curateCell',
  'cancelJob',
  'expire',
] as const satisfies readonly (keyof TaskStore)[];
export type CommandName = (typeof COMMAND_NAMES)[number];

/** What a command takes and answers, from the port itself. */
export type CommandOf<Name extends CommandName> = Parameters<TaskStore[Name]>[0];
export type AnswerOf<Name extends CommandName> = Awaited<ReturnType<TaskStore[Name]>>;

type Handlers = { readonly [Name in CommandName]: (state: State, command: CommandOf<Name>, sha256: Sha256) => AnswerOf<Name> };

/** One file per command. Each makes all its checks before its first write: one that throws has changed nothing. */
const HANDLERS: Handlers = {
  submit,
  addTasks,
  hello,
  heartbeat,
  closeStream,
  acquire,
  accept,
  reject,
  complete,
  markAgent,
  setPolicy,
  curateCell,
  cancelJob,
  expire,
};

/** A command with its name. */
export interface Call<Name extends CommandName> {
  readonly name: Name;
  readonly command: CommandOf<Name>;
}

/** Any command with its name. */
export type AnyCall = { readonly [Name in CommandName]: Call<Name> }[CommandName];

export interface Executed<Name extends CommandName> {
  readonly answer: AnswerOf<Name>;
  readonly events: readonly StoreEvent[];
  /** False when the state is as before: there is nothing to make durable. */
  readonly changed: boolean;
}

/** Applies one command to the state. Deterministic: a journal of calls executed again gives the same state, answers and events. */
export function execute<Name extends CommandName>(state: State, call: Call<Name>, sha256: Sha256): Executed<Name> {
  const before = state.revision;
  const answer = HANDLERS[call.name](state, call.command, sha256);
  const changed = state.revision !== before;
  return { answer, events: settleEffects(state, call.command.now), changed };
}
