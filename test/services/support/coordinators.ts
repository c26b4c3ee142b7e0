import { COMMAND_NAMES } from '../../../coordinator/store/memory/execute.ts';
import type { StoreEvent, TaskStore } from '../../../coordinator/store/task-store.ts';
import { GroveError } from '../../../domain/errors.ts';

/** A begin of a session has no id that a repeat could be recognised by: every hello begins another one. */
const NOT_REPEATED: ReadonlySet<string> = new Set(['hello']);
const COMMANDS: ReadonlySet<string> = new Set(COMMAND_NAMES);

/** Every call goes to another coordinator than the last one; what one has done the other must see. */
export function takingTurns(stores: readonly [TaskStore, TaskStore]): TaskStore {
  let turn = 0;
  return asStore(stores, (name) => {
    turn += 1;
    const store = stores[turn % 2] ?? stores[0];
    return (...args) => call(store, name, args);
  });
}

/** Every command is sent a second time through the other coordinator after it was answered, as after a reply that was lost. The first answer counts. */
export function sendingTwice(stores: readonly [TaskStore, TaskStore]): TaskStore {
  return asStore(stores, (name) => async (...args) => {
    const first = await settled(call(stores[0], name, args));
    if (COMMANDS.has(name) && !NOT_REPEATED.has(name)) {
      const second = await settled(call(stores[1], name, args));
      if (codeOf(first) !== codeOf(second)) throw new Error(`${name} ended as ${codeOf(first)}, its repeat as ${codeOf(second)}`);
    }
    if ('error' in first) throw first.error;
    return first.value;
  });
}

type Method = (...args: readonly unknown[]) => unknown;

function asStore(stores: readonly [TaskStore, TaskStore], methodOf: (name: string) => Method): TaskStore {
  const subscribe: TaskStore['subscribe'] = (listener) => mergedEvents(stores, listener);
  const get = (_: TaskStore, name: string | symbol) => {
    if (typeof name !== 'string' || name === 'then') return undefined;
    return name === 'subscribe' ? subscribe : methodOf(name);
  };
  return new Proxy(stores[0], { get });
}

function call(store: TaskStore, name: string, args: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(store, name);
  if (typeof method !== 'function') throw new Error(`no method ${name}`);
  return Reflect.apply(method, store, [...args]);
}

type Settled = { readonly value: unknown } | { readonly error: unknown };

async function settled(promise: unknown): Promise<Settled> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

function codeOf(outcome: Settled): string {
  if (!('error' in outcome)) return 'done';
  return outcome.error instanceof GroveError ? outcome.error.code : String(outcome.error);
}

/** Events of whichever coordinator tells of them first, each once and in order. */
function mergedEvents(stores: readonly TaskStore[], listener: (event: StoreEvent) => void): () => void {
  let last = 0;
  const tell = (event: StoreEvent): void => {
    if (event.sequence <= last) return;
    last = event.sequence;
    listener(event);
  };
  const stops = stores.map((store) => store.subscribe(tell));
  return () => {
    for (const stop of stops) stop();
  };
}
