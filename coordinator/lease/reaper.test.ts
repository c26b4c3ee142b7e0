import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { EXPIRY_HOLD_MS, STALL_MS } from '../../domain/constants.ts';
import { alwaysMine, type Turn } from '../peers/turn.ts';
import type { DueItem, ExpireAnswer, ExpireCommand } from '../store/task-store.ts';
import { createReaper } from './reaper.ts';

const ITEM: DueItem = { kind: 'lease', taskId: 'task-1', attempt: 1, deadline: 0 };

/** A store whose only truth is what is due. */
function storeWithDue(items: DueItem[]) {
  const expired: ExpireCommand[] = [];
  return {
    expired,
    items,
    due: async (_now: number, limit: number) => items.slice(0, limit),
    expire: async (command: ExpireCommand): Promise<ExpireAnswer> => {
      expired.push(command);
      items.splice(0, command.items.length);
      const attempt = { agentId: 'lab-1', taskId: 'task-1', attempt: 1 };
      const isDeadline = ({ kind }: DueItem) => kind === 'deadline';
      return {
        ended: command.items.filter((item) => !isDeadline(item)).map(() => attempt),
        stopped: command.items.filter(isDeadline).map(() => attempt),
      };
    },
  };
}

function reaperOn(store: ReturnType<typeof storeWithDue>, clock = new VirtualClock(), turn: Turn = alwaysMine) {
  const ended: string[] = [];
  const stopped: string[] = [];
  const errors: unknown[] = [];
  const holds: string[] = [];
  const reaper = createReaper({
    store,
    clock,
    turn,
    onEnded: ({ agentId }) => ended.push(agentId),
    onStopped: ({ agentId }) => stopped.push(agentId),
    onError: (error) => errors.push(error),
    onHold: (why) => holds.push(why),
  });
  return { reaper, clock, ended, stopped, errors, holds };
}

describe('the reaper', () => {
  it('lets nothing expire for a while after a start, because agents could not renew', async () => {
    const store = storeWithDue([ITEM]);
    const { reaper, clock, ended } = reaperOn(store);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS - 1);
    expect(store.expired).toHaveLength(0);
    await clock.advance(1_000);
    expect(ended).toEqual(['lab-1']);
    await reaper.stop();
  });

  it('tells apart what has ended and what has to be stopped', async () => {
    const store = storeWithDue([ITEM, { kind: 'deadline', jobId: 'job-1', deadline: 0 }]);
    const { reaper, clock, ended, stopped } = reaperOn(store);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    expect([ended, stopped]).toEqual([['lab-1'], ['lab-1']]);
    await reaper.stop();
  });

  it('leaves the looking to the coordinator whose turn it is, and gives the turn back', async () => {
    const store = storeWithDue([ITEM]);
    let mine = false;
    let released = 0;
    const turn: Turn = {
      isMine: async () => mine,
      release: async () => {
        released += 1;
      },
    };
    const { reaper, clock, ended } = reaperOn(store, new VirtualClock(), turn);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    expect(ended).toEqual([]);
    mine = true;
    await clock.advance(1_000);
    expect(ended).toEqual(['lab-1']);
    await reaper.stop();
    expect(released).toBe(1);
  });

  it('lets nothing expire for a while after the store was away', async () => {
    const store = storeWithDue([]);
    const { reaper, clock, ended, holds } = reaperOn(store);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    reaper.hold('store-reconnect');
    store.items.push(ITEM);
    await clock.advance(EXPIRY_HOLD_MS - 1_000);
    expect(ended).toEqual([]);
    await clock.advance(2_000);
    expect(ended).toEqual(['lab-1']);
    expect(holds).toEqual(['start', 'store-reconnect']);
    await reaper.stop();
  });

  it('expires what falls due within a second of its time', async () => {
    const store = storeWithDue([]);
    const { reaper, clock, ended } = reaperOn(store);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    store.items.push(ITEM);
    await clock.advance(1_000);
    expect(ended).toEqual(['lab-1']);
    await reaper.stop();
  });

  it('holds again after the event loop stood still, and not after a short delay', async () => {
    const store = storeWithDue([]);
    const { reaper, clock, holds } = reaperOn(store, new StallingClock());
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    (clock as StallingClock).lateMs = STALL_MS / 2;
    await clock.advance(300);
    expect(holds).toEqual(['start']);
    (clock as StallingClock).lateMs = STALL_MS * 2;
    store.items.push(ITEM);
    await clock.advance(1_000);
    expect(holds).toEqual(['start', 'stall']);
    expect(store.expired).toHaveLength(0);
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    expect(store.expired).toHaveLength(1);
    await reaper.stop();
  });

  it('takes everything due in one tick, a batch at a time', async () => {
    const store = storeWithDue(Array.from({ length: 450 }, () => ITEM));
    const { reaper, clock, ended } = reaperOn(store);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 250);
    expect([ended.length, store.expired.length]).toEqual([450, 3]);
    await reaper.stop();
  });

  it('goes on after the store failed', async () => {
    const store = storeWithDue([ITEM]);
    const { expire } = store;
    let failures = 1;
    store.expire = (command) => (failures-- > 0 ? Promise.reject(new Error('disk full')) : expire(command));
    const { reaper, clock, ended, errors } = reaperOn(store);
    reaper.start();
    await clock.advance(EXPIRY_HOLD_MS + 1_000);
    expect([errors.length, ended]).toEqual([1, ['lab-1']]);
    await reaper.stop();
  });

  it('does nothing once stopped', async () => {
    const store = storeWithDue([ITEM]);
    const { reaper, clock } = reaperOn(store);
    reaper.start();
    await reaper.stop();
    await clock.advance(EXPIRY_HOLD_MS * 2);
    expect(store.expired).toHaveLength(0);
  });
});

/** Rings one timer late, as a blocked event loop does. */
class StallingClock extends VirtualClock {
  lateMs = 0;

  override monotonicMs(): number {
    const late = this.lateMs;
    this.lateMs = 0;
    return super.monotonicMs() + late;
  }
}
