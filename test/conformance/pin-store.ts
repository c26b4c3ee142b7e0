import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PinStore } from '../../coordinator/pins/pin-store.ts';
import type { Pin } from '../../domain/suite.ts';

/** The pins of one farm under test. */
export interface PinStoreHarness {
  /** As a coordinator opens them; again after a restart, and once per coordinator where several may share them. */
  open(): Promise<PinStore>;
  close(): Promise<void>;
}

const pinOf = (suite: string, units: Pin['units'] = null): Pin => ({
  suite,
  units,
  where: [{ key: 'label.pool', op: '=', values: ['night'] }],
  by: 'local',
  since: 1,
});

/** What the pins of every farm must do. */
export function describePinStore(name: string, start: () => Promise<PinStoreHarness>): void {
  describe(`pins: ${name}`, () => {
    let harness: PinStoreHarness;
    beforeEach(async () => {
      harness = await start();
    });
    afterEach(() => harness.close());

    it('are remembered over a restart, by suite, one of each', async () => {
      const store = await harness.open();
      expect(await store.pins()).toEqual([]);
      await Promise.all([store.pin(pinOf('b')), store.pin(pinOf('a'))]);
      await store.pin(pinOf('b', ['lab-1/npu0']));
      for (const each of [store, await harness.open()]) expect(await each.pins()).toEqual([pinOf('a'), pinOf('b', ['lab-1/npu0'])]);
    });

    it('are removed once', async () => {
      const store = await harness.open();
      await store.pin(pinOf('a'));
      expect([await store.unpin('a'), await store.unpin('a')]).toEqual([true, false]);
      expect(await (await harness.open()).pins()).toEqual([]);
    });
  });
}
