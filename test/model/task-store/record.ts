import type { AnyCall } from '../../../coordinator/store/memory/execute.ts';
import type { TaskStore } from '../../../coordinator/store/task-store.ts';
import { answerOf, callStore } from './compare.ts';
import { Director } from './director.ts';
import type { Action } from './world.ts';

/** Late enough to make everything due. */
const ALL_DUE_MS = 10_000_000;

/** Lets a history happen on a store, one command after the other. Returns the commands, refused ones too. */
export async function play(store: TaskStore, history: readonly Action[]): Promise<readonly AnyCall[]> {
  const director = new Director();
  const calls: AnyCall[] = [];
  for (const action of history) {
    const call = director.commandFor(action, await store.due(director.now + ALL_DUE_MS, 10_000));
    if (call === undefined) continue;
    const { answer } = await answerOf(async () => callStore(store, call));
    director.learn(call, answer);
    calls.push(call);
  }
  return calls;
}
