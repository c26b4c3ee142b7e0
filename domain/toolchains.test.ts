import { expect, it } from 'vitest';
import { offeredToolchain, toolchainId, toolchainIdSchema, toolchainNameOf } from './toolchains.ts';

const LOCK = `3f2a91c0d4e5${'0'.repeat(52)}`;

it('an id is the name and the beginning of the lock, and both can be told from it', () => {
  const id = toolchainId('openvino', LOCK);
  expect(id).toBe('openvino-3f2a91c0d4e5');
  expect(toolchainIdSchema.parse(id)).toBe(id);
  expect(toolchainNameOf(id)).toBe('openvino');
  expect(toolchainNameOf('olive')).toBe('olive');
});

it('of several locks one is chosen whatever the order of the fleet, and a lock goes before an offer without', () => {
  const offered = ['olive', 'openvino', 'openvino-aaaaaaaaaaaa', 'openvino-bbbbbbbbbbbb'];
  expect(offeredToolchain('openvino', offered)).toBe('openvino-bbbbbbbbbbbb');
  expect(offeredToolchain('openvino', offered.toReversed())).toBe('openvino-bbbbbbbbbbbb');
  expect(offeredToolchain('olive', offered)).toBe('olive');
  expect(offeredToolchain('openvino', ['openvino-other', 'olive'])).toBeUndefined();
});
