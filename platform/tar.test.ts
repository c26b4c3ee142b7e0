import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTarHeader, TAR_BLOCK_BYTES, tarHeader, tarPaddingBytes, tarSizeBytes } from './tar.ts';

const segment = fc.stringMatching(/^[a-zé0-9][a-zé0-9._-]{0,40}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'));
const fits = (text: string) => Buffer.byteLength(text) <= 100;

describe('a tar header', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(path.filter(fits), fc.maxSafeNat(), (name, sizeBytes) => {
        expect(readTarHeader(tarHeader({ path: name, sizeBytes }))).toEqual({ path: name, sizeBytes });
      }),
    );
  });

  it('has no other spelling: a block with any byte changed is none, or that of another member', () => {
    const member = { path: 'model/model.onnx', sizeBytes: 1_234_567 };
    const header = tarHeader(member);
    fc.assert(
      fc.property(fc.nat(TAR_BLOCK_BYTES - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(header, (byte, index) => (index === at ? byte ^ flip : byte));
        expect(readTarHeader(changed)).toBeUndefined();
      }),
    );
  });

  it('takes folders of up to 155 bytes before names of up to 100, and refuses what is longer', () => {
    const long = { path: `${'f'.repeat(155)}/${'n'.repeat(100)}`, sizeBytes: 1 };
    expect(readTarHeader(tarHeader(long))).toEqual(long);
    expect(() => tarHeader({ path: 'n'.repeat(101), sizeBytes: 1 })).toThrow(expect.objectContaining({ code: 'unsafe-path' }));
    expect(() => tarHeader({ path: `${'f'.repeat(156)}/n`, sizeBytes: 1 })).toThrow(expect.objectContaining({ code: 'unsafe-path' }));
  });

  it('of another kind of entry is none: links, folders, extended headers', () => {
    for (const kind of ['1', '2', '5', 'L', 'g', 'x']) {
      const block = Buffer.from(tarHeader({ path: 'a', sizeBytes: 0 }));
      block.write(kind, 156);
      block.write(' '.repeat(8), 148);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      expect(readTarHeader(block)).toBeUndefined();
    }
  });

  it('is never found in random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: TAR_BLOCK_BYTES, maxLength: TAR_BLOCK_BYTES }), (block) => {
        expect(readTarHeader(block)).toBeUndefined();
      }),
    );
  });
});

it('the size of an archive is known from the sizes of its members', () => {
  expect([0, 1, 512, 513].map(tarPaddingBytes)).toEqual([0, 511, 0, 511]);
  expect(tarSizeBytes([{ path: 'a', sizeBytes: 513 }])).toBe(512 + 1_024 + 1_024);
});
