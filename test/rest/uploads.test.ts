import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type UploadProgress, type UploadRange, type UploadSource } from '../../api/client.ts';
import { sha256 } from '../../platform/sha256.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';
import { problemIn, rawRequest } from './raw-request.ts';

let server: FarmServer;

beforeEach(async () => {
  server = await startFarmServer();
});
afterEach(() => server.close());

const HELLO = new TextEncoder().encode('hello, lab');
const BIG = new Uint8Array(3_000_000).map((_, index) => index % 251);

function sourceOf(path: string, bytes: Uint8Array, opened: string[] = []): UploadSource {
  return {
    path,
    sha256: sha256(bytes),
    sizeBytes: bytes.byteLength,
    async *open() {
      opened.push(path);
      for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
  };
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

describe('uploading', () => {
  it('sends what is absent once, and nothing the second time', async () => {
    const opened: string[] = [];
    const sources = [sourceOf('a.bin', BIG, opened), sourceOf('copy/of-a.bin', BIG, opened), sourceOf('b.txt', HELLO, opened)];
    const progress: UploadProgress[] = [];
    const files = await server.client.uploadFiles(sources, { onProgress: (step) => progress.push(step) });
    expect(Object.keys(files)).toEqual(['a.bin', 'copy/of-a.bin', 'b.txt']);
    expect(opened).toHaveLength(2);
    expect(progress.at(-1)).toMatchObject({ sentBytes: BIG.byteLength + HELLO.byteLength, totalBytes: BIG.byteLength + HELLO.byteLength });
    await server.client.uploadFiles(sources);
    expect(opened).toHaveLength(2);
    const answer = await server.client.artifact(sha256(BIG));
    expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(BIG));
  });

  it('goes on after transfers that broke', async () => {
    let puts = 0;
    const flaky: typeof fetch = async (input, init) => {
      if (init?.method !== 'PUT') return fetch(input, init);
      puts += 1;
      if (puts <= 2) throw new TypeError('the connection broke');
      return fetch(input, init);
    };
    const client = createClient({ url: server.url, fetch: flaky, retryDelayMs: 1 });
    await client.uploadFiles([sourceOf('a.bin', HELLO)]);
    expect(puts).toBe(3);
  });

  it('sends a large file in parts, as often as the store names some, and waits while it proves them', async () => {
    const source = sourceOf('a.bin', HELLO);
    const whole = { sha256: source.sha256, present: false, url: '', headers: {}, parts: [], confirm: true };
    const part = (firstByte: number, sizeBytes: number) => ({ firstByte, sizeBytes, url: `${server.url}/part/${firstByte}`, headers: {} });
    const answers = [{ ...whole, parts: [part(0, 4), part(4, 4)] }, { ...whole, parts: [part(8, 2)] }, whole, { ...whole, present: true }];
    const sent: string[] = [];
    const parted: typeof fetch = async (input, init) => {
      if (String(input).endsWith('/uploads')) return Response.json({ grants: [answers.shift()] });
      sent.push(`${new URL(String(input)).pathname} ${await new Response(init?.body).text()}`);
      return new Response();
    };
    const client = createClient({ url: server.url, fetch: parted, retryDelayMs: 1 });
    const ranged = { ...source, open: ({ firstByte, sizeBytes }: UploadRange) => once(HELLO.subarray(firstByte, firstByte + sizeBytes)) };
    await client.uploadFiles([ranged]);
    expect(sent).toEqual(['/part/0 hell', '/part/4 o, l', '/part/8 ab']);
    expect(answers).toEqual([]);
  });

  it('says so when the file is not what was announced', async () => {
    const lying = { ...sourceOf('a.bin', HELLO), sha256: sha256('something else') };
    expect(await codeOf(server.client.uploadFiles([lying]))).toBe('digest-mismatch');
    expect(await server.artifacts.head(lying.sha256)).toBeUndefined();
  });

  it('refuses one digest with two sizes', async () => {
    const { sha256: digest } = sourceOf('a.bin', HELLO);
    const files = { a: { sha256: digest, sizeBytes: 1 }, b: { sha256: digest, sizeBytes: 2 } };
    expect(await codeOf(server.client.createUploads(files))).toBe('invalid-request');
  });

  it('refuses a size that no store takes', async () => {
    const files = { a: { sha256: '0'.repeat(64), sizeBytes: 10 ** 15 } };
    expect(await codeOf(server.client.createUploads(files))).toBe('too-large');
  });
});

describe('a signed URL', () => {
  async function grantFor(bytes: Uint8Array, now = server.clock.now()): Promise<URL> {
    const { url } = await server.artifacts.grantPut({ sha256: sha256(bytes), sizeBytes: bytes.byteLength }, now);
    return new URL(url);
  }

  const put = (url: URL, body: Uint8Array) => rawRequest(server.url, url.pathname + url.search, { method: 'PUT', body });

  it('that was changed in any part is refused and stores nothing', async () => {
    const changes: readonly ((url: URL) => void)[] = [
      (url) => url.searchParams.set('size', '11'),
      (url) => url.searchParams.set('exp', String(server.clock.now() + 10 ** 9)),
      (url) => url.searchParams.set('sig', 'A'.repeat(43)),
      (url) => {
        url.pathname = `/artifacts/${'0'.repeat(64)}`;
      },
    ];
    for (const change of changes) {
      const url = await grantFor(HELLO);
      change(url);
      const answer = await put(url, HELLO);
      expect([answer.status, problemIn(answer).code]).toEqual([403, 'grant-refused']);
    }
    expect(await server.artifacts.head(sha256(HELLO))).toBeUndefined();
  });

  it('for putting does not get', async () => {
    await server.artifacts.put(HELLO);
    const url = await grantFor(BIG);
    expect((await rawRequest(server.url, url.pathname + url.search)).status).toBe(403);
  });

  it('is void after its time', async () => {
    const answer = await put(await grantFor(HELLO, server.clock.now() - 3_600_000), HELLO);
    expect(problemIn(answer)).toMatchObject({ code: 'grant-refused', detail: expect.stringContaining('expired') });
  });

  it('takes exactly the bytes it names', async () => {
    const url = await grantFor(HELLO);
    expect(problemIn(await put(url, new TextEncoder().encode('hello, lax'))).code).toBe('digest-mismatch');
    expect(problemIn(await put(url, HELLO.subarray(1))).code).toBe('size-mismatch');
    const chunked = await rawRequest(server.url, url.pathname + url.search, {
      method: 'PUT',
      headers: { 'transfer-encoding': 'chunked' },
      body: new Uint8Array(100),
    });
    expect(problemIn(chunked).code).toBe('size-mismatch');
    expect(await server.artifacts.head(sha256(HELLO))).toBeUndefined();
    expect((await put(url, HELLO)).status).toBe(204);
    expect((await put(url, HELLO)).status).toBe(204);
  });

  it('is not logged with its signature', async () => {
    await put(await grantFor(HELLO), HELLO);
    await expect.poll(() => server.log.answered.length).toBe(1);
    expect(JSON.stringify(server.log.answered)).not.toContain('sig');
  });
});

describe('downloading', () => {
  const get = (headers: Readonly<Record<string, string>>) => rawRequest(server.url, `/api/v1/artifacts/${sha256(HELLO)}`, { headers });

  beforeEach(async () => {
    await server.artifacts.put(HELLO);
  });

  it('serves ranges', async () => {
    expect(await get({ range: 'bytes=0-4' })).toMatchObject({ status: 206, text: 'hello', headers: { 'content-range': 'bytes 0-4/10' } });
    expect(await get({ range: 'bytes=-3' })).toMatchObject({ status: 206, text: 'lab' });
    expect(await get({ range: 'bytes=7-' })).toMatchObject({ status: 206, text: 'lab' });
    expect(await get({ range: 'bytes=10-' })).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
    expect(await get({ range: 'bytes=0-1,3-4' })).toMatchObject({ status: 200, text: 'hello, lab' });
    expect(await get({ range: 'bytes=0-4', 'if-range': '"other"' })).toMatchObject({ status: 200 });
  });

  it('names the blob and tells browsers not to show it', async () => {
    const { headers } = await get({});
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      etag: `"${sha256(HELLO)}"`,
    });
    expect(headers['content-disposition']).toContain('attachment');
    expect((await get({ 'if-none-match': `"${sha256(HELLO)}"` })).status).toBe(304);
  });
});

describe('an upload that breaks off', () => {
  it('leaves nothing behind', async () => {
    const { url } = await server.artifacts.grantPut({ sha256: sha256(BIG), sizeBytes: BIG.byteLength }, server.clock.now());
    const abort = new AbortController();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        if (sent > 1_000_000) abort.abort();
        else controller.enqueue(BIG.subarray(sent - 65_536, sent));
      },
    });
    await expect(fetch(url, { method: 'PUT', body, duplex: 'half', signal: abort.signal })).rejects.toThrow();
    const incoming = join(server.folder, 'artifacts', 'incoming');
    await expect.poll(() => readdir(incoming)).toEqual([]);
    expect(await server.artifacts.head(sha256(BIG))).toBeUndefined();
    expect((await stat(join(server.folder, 'artifacts', 'url-signing.key'))).mode & 0o077).toBe(0);
  });
});
