import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCoordinatorConfig } from '../config.ts';

const KEYS = { GROVE_S3_ACCESS_KEY_ID: 'AKID', GROVE_S3_SECRET_ACCESS_KEY: 'very secret' };

describe('where artifacts are kept', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-config-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function load(yaml: string, env: Readonly<Record<string, string>> = KEYS) {
    const configFile = join(folder, 'grove.yaml');
    await writeFile(configFile, yaml);
    return (await loadCoordinatorConfig({ configFile }, env)).artifacts;
  }

  it('is the data folder by default', async () => {
    expect(await load('url: http://127.0.0.1:1\n')).toEqual({ kind: 'fs' });
  });

  it('is a bucket with every setting filled in', async () => {
    expect(
      await load('coordinator:\n  artifacts:\n    kind: s3\n    endpoint: https://s3.lab:9000/\n    bucket: grove\n    prefix: farm-a\n'),
    ).toEqual({
      kind: 's3',
      settings: {
        endpoint: 'https://s3.lab:9000',
        publicEndpoint: 'https://s3.lab:9000',
        region: 'us-east-1',
        bucket: 'grove',
        prefix: 'farm-a/',
        pathStyle: true,
        createBucket: false,
        caFile: null,
      },
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'very secret' },
    });
  });

  it('may be named by one URL, whose bucket is made', async () => {
    const env = { ...KEYS, GROVE_S3_URL: 'http://127.0.0.1:9000/grove/farms/a' };
    expect(await load('{}', env)).toMatchObject({ settings: { bucket: 'grove', prefix: 'farms/a/', createBucket: true } });
    const { artifacts } = await loadCoordinatorConfig({ s3Url: 'http://127.0.0.1:9000/other' }, env);
    expect(artifacts).toMatchObject({ settings: { bucket: 'other', prefix: '' } });
  });

  it('reads keys from files', async () => {
    const path = join(folder, 'secret');
    await writeFile(path, 'from a file\n');
    const env = { GROVE_S3_ACCESS_KEY_ID: 'AKID', GROVE_S3_SECRET_ACCESS_KEY_FILE: path, GROVE_S3_URL: 'http://127.0.0.1:9000/grove' };
    expect(await load('{}', env)).toMatchObject({ credentials: { accessKeyId: 'AKID', secretAccessKey: 'from a file' } });
  });

  it.each([
    ['an endpoint with a path', { GROVE_S3_URL: '' }, 'coordinator:\n  artifacts: {kind: s3, endpoint: "http://h/x", bucket: grove}\n'],
    ['a bucket that is none', { GROVE_S3_URL: '' }, 'coordinator:\n  artifacts: {kind: s3, endpoint: "http://h", bucket: A_B}\n'],
    [
      'a prefix that leaves its place',
      { GROVE_S3_URL: '' },
      'coordinator:\n  artifacts: {kind: s3, endpoint: "http://h", bucket: grove, prefix: /x}\n',
    ],
    [
      'keys in the file',
      { GROVE_S3_URL: '' },
      'coordinator:\n  artifacts: {kind: s3, endpoint: "http://h", bucket: grove, secretAccessKey: x}\n',
    ],
    ['a URL without a bucket', { GROVE_S3_URL: 'http://h:9000' }, '{}'],
    ['keys in the URL', { GROVE_S3_URL: 'http://akid:hidden@h/grove' }, '{}'],
    ['no URL', { GROVE_S3_URL: 'grove' }, '{}'],
  ])('refuses %s', async (_what, env, yaml) => {
    await expect(load(yaml, { ...KEYS, ...env })).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.not.stringContaining('hidden'),
    });
  });

  it('needs both keys', async () => {
    const env = { GROVE_S3_ACCESS_KEY_ID: 'AKID', GROVE_S3_URL: 'http://127.0.0.1:9000/grove' };
    await expect(load('{}', env)).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('GROVE_S3_SECRET_ACCESS_KEY'),
    });
  });
});
