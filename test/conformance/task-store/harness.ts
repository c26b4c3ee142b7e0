import { afterEach, beforeEach } from 'vitest';
import type { TaskStore } from '../../../coordinator/store/task-store.ts';
import { Farm } from './farm.ts';

/** Makes an empty store; the suite starts and stops it. */
export type StoreFactory = () => Promise<TaskStore>;

/** A fresh farm for every test of the enclosing `describe`. */
export function eachFarm(makeStore: StoreFactory): { readonly current: Farm } {
  let farm: Farm | undefined;
  beforeEach(async () => {
    const store = await makeStore();
    await store.start();
    farm = new Farm(store);
  });
  afterEach(() => farm?.store.stop());
  return {
    get current() {
      if (farm === undefined) throw new Error('no farm outside a test');
      return farm;
    },
  };
}
