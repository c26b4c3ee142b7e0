import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MANIFEST_MEMBER, SIGNATURE_MEMBER } from '../../domain/evidence.ts';
import { TAR_BLOCK_BYTES, tarHeader } from '../../platform/tar.ts';
import { archiveOf, bundleOf, type Entry, entryOf, manifestOf, newKey, signedHead } from './bundle.cases.ts';
import { requireIntact, verifyBundle } from './verify-bundle.ts';

const KEY = newKey();
const DOCUMENTS: readonly Entry[] = [entryOf('recipe.json', '{}'), entryOf('logs/benchmark.log', 'launch 1\n')];
const STORED: readonly Entry[] = [
  entryOf('artifacts/samples/launch-0.f64', 'x'.repeat(600)),
  entryOf('model/model.onnx', 'y'.repeat(1_024)),
];

let folder = '';
let intact: Buffer = Buffer.alloc(0);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-bundle-'));
  intact = await bundleOf(DOCUMENTS, STORED, KEY);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function verify(bytes: Uint8Array, key?: string) {
  const path = join(folder, 'bundle.tar');
  await writeFile(path, bytes);
  return verifyBundle(path, key);
}

const problemsOf = async (bytes: Uint8Array, key?: string) => (await verify(bytes, key)).problems;

/** An archive of these entries whose manifest was signed by somebody. */
const forged = (entries: readonly Entry[], manifest: unknown = manifestOf(entries)) =>
  archiveOf([...signedHead(manifest, KEY), ...entries]);

describe('a bundle', () => {
  it('as it was sent has no problem, and names what it holds', async () => {
    const verified = await verify(intact, KEY.publicKey);
    expect(verified).toMatchObject({ problems: [], keyIsKnown: true, manifest: { taskId: 'b-1' }, signature: { keyId: KEY.keyId } });
    expect([...verified.members.keys()]).toEqual([MANIFEST_MEMBER, SIGNATURE_MEMBER, ...[...DOCUMENTS, ...STORED].map(([path]) => path)]);
    expect(() => requireIntact(verified)).not.toThrow();
  });

  it('of the same result is the same bytes', async () => {
    expect((await bundleOf(DOCUMENTS, STORED, KEY)).equals(intact)).toBe(true);
  });

  it('with any one byte changed is found out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(intact.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(intact);
        changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
        expect(await problemsOf(changed)).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('that is cut anywhere, or goes on behind its end, is found out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(intact.byteLength - 1), async (length) => {
        expect(await problemsOf(intact.subarray(0, length))).not.toEqual([]);
      }),
    );
    expect(await problemsOf(Buffer.concat([intact, Buffer.alloc(512)]))).toEqual([{ member: '', problem: '512 bytes follow its end' }]);
  });

  it('says of each member what is wrong with it', async () => {
    const entries = [...DOCUMENTS, ...STORED];
    for (const [path, bytes] of entries) {
      const swapped = entries.map(([name, old]): Entry => [name, name === path ? Buffer.alloc(old.byteLength, 'z') : old]);
      expect(await problemsOf(forged(swapped, manifestOf(entries)))).toEqual([
        { member: path, problem: expect.stringMatching(/^its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}$/) },
      ]);
      const longer = entries.map(([name, old]): Entry => [name, name === path ? Buffer.alloc(old.byteLength + 1) : old]);
      const problem = `it has ${bytes.byteLength + 1} bytes, not ${bytes.byteLength}`;
      expect(await problemsOf(forged(longer, manifestOf(entries)))).toEqual([{ member: path, problem }]);
      const without = entries.filter(([name]) => name !== path);
      expect(await problemsOf(forged(without, manifestOf(entries)))).toEqual([{ member: path, problem: 'it is missing' }]);
    }
    const extra = [...entries, entryOf('extra', '1')];
    expect(await problemsOf(forged(extra, manifestOf(entries)))).toEqual([{ member: 'extra', problem: 'nobody listed it' }]);
    const [first] = entries;
    if (first === undefined) throw new Error('no entries');
    expect(await problemsOf(forged([...entries, first], manifestOf(entries)))).toEqual([
      { member: first[0], problem: 'it is there twice' },
    ]);
  });

  it('whose members were put in another order is found out', async () => {
    const entries = [...DOCUMENTS, ...STORED];
    expect(await problemsOf(forged([...entries].reverse(), manifestOf(entries)))).toEqual([
      { member: '', problem: 'its members are in another order than manifest.json lists them' },
    ]);
  });

  it('signed with another key is found out by who knows the right one', async () => {
    expect(await problemsOf(intact, newKey().publicKey)).toEqual([
      { member: SIGNATURE_MEMBER, problem: expect.stringContaining(`it was made with the key ${KEY.keyId}, not with `) },
    ]);
  });

  it('whose manifest was changed and not signed again is found out', async () => {
    const [, signature] = signedHead(manifestOf(DOCUMENTS), KEY);
    const [manifest] = signedHead(manifestOf(DOCUMENTS, { taskId: 'b-2' }), KEY);
    if (manifest === undefined || signature === undefined) throw new Error('no head');
    expect(await problemsOf(archiveOf([manifest, signature, ...DOCUMENTS]))).toEqual([
      { member: SIGNATURE_MEMBER, problem: 'it is not a signature of manifest.json by the key it names' },
    ]);
  });

  it('refused carries every problem', async () => {
    const verified = await verify(forged([], manifestOf(DOCUMENTS)));
    expect(() => requireIntact(verified)).toThrow(
      expect.objectContaining({ code: 'invalid-bundle', problems: [expect.anything(), expect.anything()] }),
    );
  });
});

describe('a hostile archive', () => {
  it.each(['../escape', '/etc/passwd', 'model/../../x', 'C:/x', 'a\\b', 'con', 'model/./x', ''])(
    'that lists the path "%s" is refused, whoever signed it',
    async (path) => {
      const manifest = { ...manifestOf([]), members: [{ path, sha256: '0'.repeat(64), sizeBytes: 0 }] };
      expect(await problemsOf(forged([], manifest))).toContainEqual({
        member: MANIFEST_MEMBER,
        problem: expect.stringMatching(/^it cannot be read: /),
      });
    },
  );

  it.each([[['Model/a', 'model/A']], [['model', 'model/a']], [['manifest.json']], [['signature.json/x']], [['\u00e9', 'e\u0301']]])(
    'whose members %j would lie in each other’s place is refused',
    async (paths) => {
      const manifest = { ...manifestOf([]), members: paths.map((path) => ({ path, sha256: '0'.repeat(64), sizeBytes: 0 })) };
      expect(await problemsOf(forged([], manifest))).toContainEqual({
        member: MANIFEST_MEMBER,
        problem: expect.stringContaining('two members share a name'),
      });
    },
  );

  it('that announces more bytes than it has is not believed', async () => {
    const huge = Buffer.concat([tarHeader({ path: MANIFEST_MEMBER, sizeBytes: 2 ** 52 }), Buffer.alloc(512)]);
    expect(await problemsOf(huge)).toContainEqual({ member: MANIFEST_MEMBER, problem: expect.stringContaining('it is cut') });
  });

  it('whose manifest is larger than any manifest is not read', async () => {
    const archive = archiveOf([[MANIFEST_MEMBER, Buffer.alloc(16_777_217)]]);
    expect(await problemsOf(archive)).toContainEqual({ member: MANIFEST_MEMBER, problem: 'it has more than 16777216 bytes' });
  });

  it('of endless empty members ends', async () => {
    const header = tarHeader({ path: 'x', sizeBytes: 0 });
    const archive = Buffer.concat(Array.from({ length: 20_001 }, () => header));
    expect(await problemsOf(archive)).toContainEqual({ member: '', problem: 'it has more than 20000 members' });
  });

  it('with a link among its members is refused', async () => {
    const link = Buffer.from(tarHeader({ path: 'model/model.onnx', sizeBytes: 0 }));
    link.write('2', 156);
    link.write('/etc/passwd', 157);
    const cut = intact.subarray(0, intact.byteLength - 1_024);
    expect(await problemsOf(Buffer.concat([cut, link, intact.subarray(-1_024)]))).toContainEqual({
      member: '',
      problem: `byte ${cut.byteLength} begins no member of a bundle`,
    });
  });

  it('of random bytes is refused without a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4 * TAR_BLOCK_BYTES }), async (bytes) => {
        expect(await problemsOf(bytes)).not.toEqual([]);
      }),
    );
  });
});
