import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../platform/sha256.ts';
import { HubClient } from './hub-client.ts';
import { COMMIT, HubServer } from './hub-server.cases.ts';

const REPO = { type: 'model', name: 'org/model' } as const;
const NO_PROXY = { http: null, https: null, exceptFor: null };
const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const FILE = { path: 'model.safetensors', sizeBytes: CONTENT.length, digest: { kind: 'sha256', hex: sha256(CONTENT) } } as const;

let folder = '';
let hub: HubServer;
let clients: HubClient[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-hub-'));
  hub = await HubServer.start([{ kind: 'model', name: REPO.name, files: { [FILE.path]: CONTENT, 'empty.json': '' } }]);
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

function client(proxy: { http: string | null; https: string | null; exceptFor: string | null } = NO_PROXY, endpoint = hub.url): HubClient {
  const made = new HubClient({ isOff: false, endpoint, token: 'hf_test', proxy });
  clients.push(made);
  return made;
}

/** Not `toEqual`, which takes a second for so many bytes. */
const isWhole = async () => (await readFile(join(folder, 'file'))).equals(CONTENT);
const quiet = { signal: new AbortController().signal, onBytes: () => {} };
const options = () => ({ revision: COMMIT, path: join(folder, 'file'), observer: quiet });

describe('downloading from a hub', () => {
  it('continues where the connection broke off, and checks the whole', async () => {
    hub.breakOffAfterBytes = 100_000;
    await client().download(REPO, FILE, options());
    expect(await isWhole()).toBe(true);
    expect(hub.ranges).toEqual(['', 'bytes=100000-']);
  });

  it('continues a file that an earlier process left behind', async () => {
    await writeFile(join(folder, 'file'), CONTENT.subarray(0, 12_345));
    await client().download(REPO, FILE, options());
    expect(await isWhole()).toBe(true);
    expect(hub.ranges).toEqual(['bytes=12345-']);
  });

  it('starts again at a server that knows no ranges', async () => {
    hub.knowsRanges = false;
    await writeFile(join(folder, 'file'), 'x'.repeat(10));
    await client().download(REPO, FILE, options());
    expect(await isWhole()).toBe(true);
  });

  it('removes a file that is not what the hub says, however it got there', async () => {
    await writeFile(join(folder, 'file'), 'x'.repeat(10));
    await expect(client().download(REPO, FILE, options())).rejects.toMatchObject({
      code: 'model-access',
      message: expect.stringContaining('arrived damaged'),
    });
    await client().download(REPO, FILE, options());
    expect(await isWhole()).toBe(true);
  });

  it('gives up after three tries that all break off', async () => {
    hub.breakOffAfterBytes = 0;
    hub.breaksOffAlways = true;
    await expect(client().download(REPO, FILE, options())).rejects.toMatchObject({ code: 'model-access' });
    expect(hub.ranges).toHaveLength(3);
  });

  it('does not ask again for what is not there', async () => {
    const absent = { ...FILE, path: 'absent.safetensors' };
    await expect(client().download(REPO, absent, options())).rejects.toThrow(/HTTP 404/);
    expect(hub.requests).toHaveLength(1);
  });

  it('writes a file without content', async () => {
    const digest = { kind: 'git-sha1', hex: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391' } as const;
    await client().download(REPO, { path: 'empty.json', sizeBytes: 0, digest }, options());
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('');
  });

  it('reads a range, and nothing from a server that answers something else', async () => {
    const range = { path: FILE.path, revision: COMMIT, from: 1_000, to: 1_010 };
    expect(await client().readRange(REPO, range, quiet.signal)).toEqual(CONTENT.subarray(1_000, 1_010));
    hub.shiftsRangesBy = 5;
    await expect(client().readRange(REPO, range, quiet.signal)).rejects.toThrow(/another part/);
    hub.knowsRanges = false;
    await expect(client().readRange(REPO, range, quiet.signal)).rejects.toThrow(/whole files only/);
  });

  it('keeps its token from the host that a download is redirected to', async () => {
    const files = await HubServer.start([{ kind: 'model', name: REPO.name, files: { [FILE.path]: CONTENT } }]);
    hub.redirectsFilesTo = files.url.replace('127.0.0.1', 'localhost');
    await client().download(REPO, FILE, options());
    expect([...hub.tokens]).toEqual(['Bearer hf_test']);
    expect([...files.tokens]).toEqual(['']);
    await files.stop();
  });
});

describe('a proxy', () => {
  let proxy: Server;
  let tunnels: string[];

  beforeEach(async () => {
    tunnels = [];
    proxy = createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const { port } = new URL(hub.url);
      const onward = connect(Number(port), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      onward.pipe(socket).pipe(onward);
      for (const side of [onward, socket]) side.on('error', () => side.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    proxy.closeAllConnections();
    proxy.close();
  });

  const proxyUrl = () => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

  it('carries every question and every file', async () => {
    const through = client({ ...NO_PROXY, http: proxyUrl() }, 'http://hub.example');
    expect(await through.pinModel(REPO.name, null, quiet.signal)).toBe(COMMIT);
    await through.download(REPO, FILE, options());
    expect(await isWhole()).toBe(true);
    expect(new Set(tunnels)).toEqual(new Set(['hub.example:80']));
  });

  it('is passed by for the hosts that are excepted', async () => {
    await client({ http: proxyUrl(), https: null, exceptFor: '127.0.0.1' }).download(REPO, FILE, options());
    expect(tunnels).toEqual([]);
  });
});
