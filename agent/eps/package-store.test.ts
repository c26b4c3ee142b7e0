import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineEp, packageOf } from './ep-machine.ts';
import { EpPackages } from './package-store.ts';
import { unpackZip } from './unpack.ts';
import { findWindowsMl } from './windows-ml.ts';
import { type ZipFixture, zipOf } from './zip.cases.ts';

const PLUGIN = 'onnxruntime_qnn/libonnxruntime_providers_qnn.so';
const wheel = (version: string, content = 'library'): ZipFixture[] => [
  { name: PLUGIN, content },
  { name: 'onnxruntime_qnn/libQnnHtp.so', content: 'backend' },
  { name: `onnxruntime_qnn-${version}.dist-info/METADATA`, content: 'Name: onnxruntime-qnn' },
];

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-eps-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: Buffer | string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe('execution provider packages', () => {
  it('come from a wheel, with version, digest and the options that name files of it', async () => {
    const packages = new EpPackages(folder);
    const added = await packages.add({ source: await file('q.whl', zipOf(wheel('2.7.0'))) });
    expect(added).toMatchObject({ id: 'qnn@2.7.0', ep: 'QNNExecutionProvider', kind: 'plugin', library: PLUGIN, version: '2.7.0' });
    expect(added.options).toEqual({ backend_path: 'onnxruntime_qnn/libQnnHtp.so' });
    expect(added.libraryDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFile(join(added.folder, PLUGIN), 'utf8')).toBe('library');
    expect(await packages.list()).toEqual([added]);
  });

  it('exist beside each other by version; the newest is used unless the configuration names one', async () => {
    const packages = new EpPackages(folder);
    for (const version of ['2.7.0', '2.10.0']) await packages.add({ source: await file(`${version}.whl`, zipOf(wheel(version))) });
    const installed = await packages.list();
    const config = { runtime: { adapter: 'ort-node' as const, ort: null }, eps: {} };
    expect(machineEp('QNNExecutionProvider', config, installed).runtime).toMatchObject({
      adapter: 'ort-native',
      epPackage: { id: 'qnn@2.10.0' },
    });
    expect(packageOf('QNNExecutionProvider', 'qnn@2.7.0', installed)?.version).toBe('2.7.0');
    expect(machineEp('CUDAExecutionProvider', config, installed).runtime).toEqual({ adapter: 'ort-node' });
    await packages.remove('qnn@2.10.0');
    expect((await packages.list()).map(({ id }) => id)).toEqual(['qnn@2.7.0']);
    await expect(packages.remove('qnn@2.10.0')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('are added twice without harm, and not over another library of the same version', async () => {
    const packages = new EpPackages(folder);
    const source = await file('a.whl', zipOf(wheel('2.7.0')));
    expect(await packages.add({ source })).toEqual(await packages.add({ source }));
    const other = await file('b.whl', zipOf(wheel('2.7.0', 'other')));
    await expect(packages.add({ source: other })).rejects.toMatchObject({ code: 'invalid-ep-package' });
    expect(await packages.add({ source: other, version: '2.7.0-ours' })).toMatchObject({ id: 'qnn@2.7.0-ours' });
    expect((await readdir(join(folder, 'eps'))).sort()).toEqual(['qnn@2.7.0', 'qnn@2.7.0-ours']);
  });

  it('come from a build of ONNX Runtime in a folder, chosen by name where it has several providers', async () => {
    const capi = join(folder, 'gpu', 'onnxruntime', 'capi');
    await mkdir(capi, { recursive: true });
    for (const name of ['libonnxruntime.so.1.27.0', 'libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_tensorrt.so'])
      await writeFile(join(capi, name), name);
    const packages = new EpPackages(folder);
    const source = join(folder, 'gpu');
    await expect(packages.add({ source })).rejects.toMatchObject({
      code: 'invalid-ep-package',
      message: expect.stringContaining('tensorrt, cuda'),
    });
    const added = await packages.add({ source, ep: 'cuda', version: '1.27.0' });
    expect(added).toMatchObject({ id: 'cuda@1.27.0', kind: 'build', ort: 'onnxruntime/capi/libonnxruntime.so.1.27.0' });
    const { runtime } = machineEp('CUDAExecutionProvider', { runtime: { adapter: 'ort-native', ort: null }, eps: {} }, [added]);
    expect(runtime.libraryPath).toBe(join(added.folder, 'onnxruntime/capi/libonnxruntime.so.1.27.0'));
  });

  it('come from a single library, named by its digest when nothing states a version', async () => {
    const added = await new EpPackages(folder).add({ source: await file('libonnxruntime_providers_qnn.so', 'library') });
    expect(added.id).toMatch(/^qnn@sha-[0-9a-f]{12}$/);
  });

  it('are nothing else', async () => {
    const packages = new EpPackages(folder);
    for (const source of [
      await file('x.whl', zipOf([{ name: 'a.txt', content: '' }])),
      await file('y.zip', 'no zip'),
      join(folder, 'absent'),
    ])
      await expect(packages.add({ source })).rejects.toMatchObject({ code: 'invalid-ep-package' });
    expect(await packages.list()).toEqual([]);
    expect(await readdir(join(folder, 'eps'))).toEqual([]);
  });

  it('are not what a cut record says', async () => {
    const packages = new EpPackages(folder);
    const { id } = await packages.add({ source: await file('libonnxruntime_providers_qnn.so', 'library') });
    await writeFile(join(folder, 'eps', id, 'package.json'), '{"schemaVersion": 1, "id');
    expect(await packages.list()).toEqual([]);
  });
});

describe('unpackZip', () => {
  const refused: Readonly<Record<string, readonly ZipFixture[]>> = {
    'a name that leads out': [{ name: '../out', content: '' }],
    'an absolute name': [{ name: '/etc/out', content: '' }],
    'a symbolic link': [{ name: 'link', content: '/etc/passwd', mode: 0o120777 }],
    'two files of one name': [
      { name: 'same', content: '1' },
      { name: 'same', content: '2' },
    ],
    'more than the limit': [{ name: 'large', content: 'x'.repeat(200) }],
    'a size that is a lie': [{ name: 'liar', content: 'x'.repeat(50), declaredBytes: 10_000_000_000 % 2 ** 32 }],
  };
  for (const [what, files] of Object.entries(refused))
    it(`refuses ${what}`, async () => {
      await mkdir(join(folder, 'to'));
      const path = await file('bad.zip', zipOf(files));
      await expect(unpackZip(path, join(folder, 'to'), { maxBytes: 100 })).rejects.toMatchObject({ code: 'invalid-ep-package' });
      expect(await readdir(folder)).toEqual(['bad.zip', 'to']);
    });

  it('refuses more entries than the limit', async () => {
    const path = await file('many.zip', zipOf(Array.from({ length: 5 }, (_, index) => ({ name: String(index), content: '' }))));
    await expect(unpackZip(path, folder, { maxEntries: 4 })).rejects.toMatchObject({ code: 'invalid-ep-package' });
  });
});

describe('findWindowsMl', () => {
  const listing = 'MicrosoftCorporationII.WinML.Qualcomm.QNN.EP.1.8|1.8.21.0|C:\\Program Files\\WindowsApps\\qnn\r\nOther|1.0|C:\\x\r\n';

  it('finds an installed provider by its name in the catalogue, whatever its case', async () => {
    const expected = { ep: 'qnn', version: '1.8.21.0', location: 'C:\\Program Files\\WindowsApps\\qnn' };
    for (const name of ['QNN', 'qnn', 'QNNExecutionProvider']) expect(await findWindowsMl(name, async () => listing)).toEqual(expected);
  });

  it('says what is in the way', async () => {
    const problem = (text: string) => expect.objectContaining({ code: 'invalid-ep-package', message: expect.stringContaining(text) });
    await expect(findWindowsMl('Tango', async () => listing)).rejects.toThrow(problem('no such provider'));
    await expect(findWindowsMl('VitisAI', async () => listing)).rejects.toThrow(problem('has not installed it'));
    await expect(findWindowsMl('QNN', async () => undefined)).rejects.toThrow(problem('Windows 11'));
  });
});
