import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSignedBy, type SigningKey } from '../../platform/ed25519.ts';

/** Where the key of one farm is kept, under test. */
export interface FarmKeyHarness {
  /** As a coordinator opens it; again after a restart, and once per coordinator where several may share it. */
  open(): Promise<SigningKey>;
  /** Puts something else in its place. */
  replace(text: string): Promise<void>;
  close(): Promise<void>;
}

/** What the key of every farm must do. */
export function describeFarmKey(name: string, start: () => Promise<FarmKeyHarness>): void {
  describe(`farm key: ${name}`, () => {
    let harness: FarmKeyHarness;
    beforeEach(async () => {
      harness = await start();
    });
    afterEach(() => harness.close());

    it('is made once and is the same from then on', async () => {
      const first = await harness.open();
      const signature = first.sign(Buffer.from('bytes'));
      for (const again of [await harness.open(), await harness.open()]) {
        expect(again.publicKey).toBe(first.publicKey);
        expect(isSignedBy(again.publicKey, Buffer.from('bytes'), signature)).toBe(true);
      }
    });

    it('is another one on each farm', async () => {
      const other = await start();
      expect((await other.open()).publicKey).not.toBe((await harness.open()).publicKey);
      await other.close();
    });

    it('is never replaced by a new one when what is kept cannot be read', async () => {
      await harness.open();
      await harness.replace('no key');
      await expect(harness.open()).rejects.toMatchObject({ code: 'invalid-config' });
    });
  });
}
