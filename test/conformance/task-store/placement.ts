import { describe, expect, it } from 'vitest';
import { AGING_MS, SHARED_LEASES_PER_HOST } from '../../../coordinator/store/order.ts';
import { newTask, resultOf, TRANSFER_FAILED } from './documents.ts';
import type { Held } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const CONVERTED = { state: 'completed', result: resultOf('convert') } as const;
const MEASURED = { state: 'completed', result: resultOf('benchmark') } as const;

/** Which task goes next, and what a host takes at the same time. */
export function describePlacement(makeStore: StoreFactory): void {
  describe('order', () => {
    const farm = eachFarm(makeStore);

    const drain = async (): Promise<readonly string[]> => {
      const order: string[] = [];
      for (let held = await farm.current.tryAcquire('m'); held !== undefined; held = await farm.current.tryAcquire('m')) {
        order.push(held.taskId);
        await farm.current.complete(held, { state: 'completed', result: resultOf(held.acquired.assignment.spec.kind) });
      }
      return order;
    };

    it('serves one submitter first come, first served, whatever the requirement', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('1', 'convert'), newTask('2'), newTask('3', 'resolve'), newTask('4', 'convert'), newTask('5')]);
      expect(await drain()).toEqual(['1', '2', '3', '4', '5']);
    });

    it('serves urgent before interactive before sweep', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('sweep')], { priority: 'sweep' });
      await farm.current.submit([newTask('interactive', 'convert')]);
      await farm.current.submit([newTask('urgent')], { priority: 'urgent' });
      expect(await drain()).toEqual(['urgent', 'interactive', 'sweep']);
    });

    it('counts a head that has waited longer than its class allows one class higher', async () => {
      await farm.current.submit([newTask('old')], { priority: 'sweep' });
      farm.current.now += AGING_MS.sweep;
      await farm.current.submit([newTask('young')]);
      await farm.current.hello('m');
      expect((await farm.current.acquire('m')).taskId).toBe('young');
      farm.current.now += 1;
      await farm.current.submit([newTask('younger')]);
      await farm.current.hello('n');
      expect((await farm.current.acquire('n')).taskId).toBe('old');
    });

    it('counts a sweep that has waited as long as two classes allow as urgent, so that urgent work does not keep it out for ever', async () => {
      await farm.current.submit([newTask('old')], { priority: 'sweep' });
      farm.current.now += AGING_MS.sweep + AGING_MS.interactive;
      await farm.current.submit([newTask('urgent')], { priority: 'urgent' });
      await farm.current.hello('m');
      expect((await farm.current.acquire('m')).taskId).toBe('urgent');
      farm.current.now += 1;
      await farm.current.submit([newTask('more')], { priority: 'urgent' });
      await farm.current.hello('n');
      expect((await farm.current.acquire('n')).taskId).toBe('old');
    });

    it('shares one queue fairly between submitters', async () => {
      await farm.current.hello('m');
      await farm.current.submit(
        ['a1', 'a2', 'a3', 'a4'].map((id) => newTask(id)),
        { submitter: 'ann' },
      );
      await farm.current.submit(
        ['b1', 'b2'].map((id) => newTask(id)),
        { submitter: 'bob' },
      );
      expect(await drain()).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
    });

    it('puts a newcomer beside a long backlog, not behind it, and forgives an idle past', async () => {
      await farm.current.hello('m');
      await farm.current.submit(
        ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((id) => newTask(id)),
        { submitter: 'ann' },
      );
      for (let count = 0; count < 3; count += 1) await farm.current.complete(await farm.current.acquire('m'), MEASURED);
      await farm.current.submit(
        ['b1', 'b2'].map((id) => newTask(id)),
        { submitter: 'bob' },
      );
      expect(await drain()).toEqual(['a4', 'b1', 'a5', 'b2', 'a6']);
    });

    it('shares a host fairly between submitters with different requirements', async () => {
      await farm.current.hello('m');
      await farm.current.submit(
        ['a1', 'a2', 'a3'].map((id) => newTask(id)),
        { submitter: 'ann' },
      );
      await farm.current.submit(
        ['b1', 'b2'].map((id) => newTask(id, 'benchmark', { requirement: { unit: 'm/cpu0' } })),
        { submitter: 'bob' },
      );
      expect(await drain()).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
    });

    it('tells a pending task its place', async () => {
      await farm.current.submit([newTask('s')], { priority: 'sweep' });
      await farm.current.submit([newTask('i1'), newTask('i2')]);
      await farm.current.submit([newTask('u')], { priority: 'urgent' });
      const places = await Promise.all(['u', 'i1', 'i2', 's', 'gone'].map((id) => farm.current.store.position(id)));
      expect(places).toEqual([1, 2, 3, 4, undefined]);
      await farm.current.hello('m');
      await farm.current.acquire('m');
      expect(await farm.current.store.position('i2')).toBe(2);
      expect(await farm.current.store.position('u')).toBeUndefined();
    });

    it('summarises queues by requirement', async () => {
      await farm.current.submit([newTask('c', 'convert')]);
      farm.current.now += 10;
      await farm.current.submit([newTask('1'), newTask('2')]);
      expect(await farm.current.store.queues()).toEqual([
        {
          requirementDigest: newTask('c', 'convert').requirementDigest,
          requirement: newTask('c', 'convert').requirement,
          pending: 1,
          pendingBy: { urgent: 0, interactive: 1, sweep: 0 },
          oldestEnqueuedAt: farm.current.now - 10,
        },
        {
          requirementDigest: newTask('1').requirementDigest,
          requirement: newTask('1').requirement,
          pending: 2,
          pendingBy: { urgent: 0, interactive: 2, sweep: 0 },
          oldestEnqueuedAt: farm.current.now,
        },
      ]);
    });
  });

  describe('exclusivity', () => {
    const farm = eachFarm(makeStore);

    it('runs one benchmark on a host and nothing beside it, whichever agent asks', async () => {
      await farm.current.hello('m', { hostId: 'host' });
      await farm.current.hello('n', { hostId: 'host' });
      await farm.current.submit([newTask('1'), newTask('2'), newTask('c', 'convert')]);
      await farm.current.acquire('m');
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      expect(await farm.current.tryAcquire('n')).toBeUndefined();
    });

    it(`runs up to ${SHARED_LEASES_PER_HOST} shared tasks on a host and no benchmark beside them`, async () => {
      await farm.current.hello('m');
      await farm.current.submit(['c1', 'c2', 'c3'].map((id) => newTask(id, 'convert')));
      await farm.current.submit([newTask('1')]);
      for (let count = 0; count < SHARED_LEASES_PER_HOST; count += 1) await farm.current.acquire('m');
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
    });

    const blockBenchmark = async (): Promise<Held> => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('c1', 'convert'), newTask('1', 'benchmark'), newTask('c2', 'convert'), newTask('c3', 'convert')]);
      const shared = await farm.current.run('m');
      expect(shared.taskId).toBe('c1');
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      return shared;
    };

    it('keeps conversions off a host for which a benchmark is next, until it is quiet', async () => {
      const shared = await blockBenchmark();
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      await farm.current.complete(shared, CONVERTED);
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: '1' });
    });

    it('lets conversions in again when the benchmark is cancelled, and tells the host', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('c1', 'convert')]);
      await farm.current.run('m');
      const jobId = await farm.current.submit([newTask('1')]);
      await farm.current.submit([newTask('c2', 'convert')]);
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      farm.current.events.length = 0;
      await farm.current.cancel(jobId);
      expect(farm.current.events).toContainEqual(expect.objectContaining({ type: 'host-free', hostId: 'host-m' }));
      expect(await farm.current.tryAcquire('m')).toMatchObject({ taskId: 'c2' });
    });

    it('lets conversions in again when another host takes the benchmark', async () => {
      await blockBenchmark();
      await farm.current.hello('n');
      expect(await farm.current.acquire('n')).toMatchObject({ taskId: '1' });
      expect(await farm.current.tryAcquire('m')).toMatchObject({ taskId: 'c2' });
    });

    it('lets one benchmark reserve one host only', async () => {
      await blockBenchmark();
      await farm.current.hello('n');
      await farm.current.submit([newTask('c9', 'convert', { requirement: { unit: 'n/cpu0' } })], { priority: 'urgent' });
      await farm.current.acquire('n');
      // The benchmark waits for host m: host n goes on with what comes after it.
      expect(await farm.current.tryAcquire('n')).toMatchObject({ taskId: 'c2' });
    });

    it('gives a reservation up when its host is lost, so that another may have it', async () => {
      await blockBenchmark();
      await farm.current.hello('n');
      await farm.current.submit([newTask('c9', 'convert', { requirement: { unit: 'n/cpu0' } })], { priority: 'urgent' });
      const shared = await farm.current.run('n');
      await farm.current.closeStream('m');
      expect(await farm.current.tryAcquire('n')).toBeUndefined();
      await farm.current.complete(shared, CONVERTED);
      expect(await farm.current.tryAcquire('n')).toMatchObject({ taskId: '1' });
    });

    it('hands a reserved host to a better benchmark, and to no conversion however urgent', async () => {
      const shared = await blockBenchmark();
      await farm.current.submit([newTask('c-urgent', 'convert')], { priority: 'urgent' });
      expect(await farm.current.tryAcquire('m')).toBeUndefined();
      await farm.current.submit([newTask('urgent')], { priority: 'urgent' });
      await farm.current.complete(shared, CONVERTED);
      expect(await farm.current.acquire('m')).toMatchObject({ taskId: 'urgent' });
    });

    it('does not starve a benchmark however many conversions arrive', async () => {
      await farm.current.hello('m');
      let running: readonly Held[] = [];
      for (let round = 0; round < 10 && (await farm.current.state('1')) !== 'leased'; round += 1) {
        await farm.current.submit([newTask(`c${round}`, 'convert')]);
        if (round === 2) await farm.current.submit([newTask('1')]);
        const next = await farm.current.tryAcquire('m');
        const [oldest, ...others] = running;
        if (oldest !== undefined) await farm.current.complete(oldest, CONVERTED);
        running = next === undefined ? others : [...others, next];
      }
      expect(await farm.current.state('1')).toBe('leased');
    });

    it('frees the host when its exclusive attempt ends in any way, and says so', async () => {
      await farm.current.hello('m');
      await farm.current.submit([newTask('1'), newTask('2'), newTask('3')]);
      const endings = [MEASURED, { state: 'failed', error: TRANSFER_FAILED }, { state: 'exception', error: TRANSFER_FAILED }] as const;
      for (const outcome of endings) {
        const held = await farm.current.run('m');
        farm.current.events.length = 0;
        await farm.current.complete(held, outcome);
        expect(farm.current.events).toContainEqual(expect.objectContaining({ type: 'host-free', hostId: 'host-m' }));
      }
    });
  });
}
