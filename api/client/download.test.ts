import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient, type GroveClient } from '../client.ts';

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
const BLOB = { sha256: createHash('sha256').update(CONTENT).digest('hex'), sizeBytes: CONTENT.length };

let server: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

async function clientOf(listener: RequestListener): Promise<GroveClient> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address with one.
  const { port } = started.address() as AddressInfo;
  return createClient({ url: `http://127.0.0.1:${port}`, retryDelayMs: 1 });
}

async function bytesOf(client: GroveClient, offset = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.download(BLOB, { offset })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const offsetOf = (range: string | undefined): number => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);

describe('download', () => {
  it('gives the bytes of a blob', async () => {
    const client = await clientOf((_req, res) => res.end(CONTENT));
    expect(await bytesOf(client)).toEqual(CONTENT);
  });

  it('continues where it was asked to, and where a connection broke', async () => {
    const offsets: number[] = [];
    const client = await clientOf((req, res) => {
      const offset = offsetOf(req.headers.range);
      offsets.push(offset);
      res.writeHead(offset === 0 ? 200 : 206, { 'content-length': CONTENT.length - offset });
      res.write(CONTENT.subarray(offset, offset + 30_000), () => (offset < 70_000 ? res.destroy() : res.end()));
    });
    expect(await bytesOf(client, 10_000)).toEqual(CONTENT.subarray(10_000));
    expect(offsets[0]).toBe(10_000);
    expect(offsets.length).toBeGreaterThan(1);
  });

  it('leaves out what is there already when a store knows no ranges', async () => {
    const client = await clientOf((_req, res) => res.end(CONTENT));
    expect(await bytesOf(client, 99_990)).toEqual(CONTENT.subarray(99_990));
  });

  it('asks nothing for a blob that is here', async () => {
    const client = await clientOf(() => expect.unreachable());
    expect(await bytesOf(client, CONTENT.length)).toEqual(Buffer.alloc(0));
  });

  it('ends with transfer-failed when nothing comes, and does not try for ever', async () => {
    let asked = 0;
    const client = await clientOf((_req, res) => {
      asked += 1;
      res.destroy();
    });
    await expect(bytesOf(client)).rejects.toMatchObject({ code: 'transfer-failed' });
    expect(asked).toBe(4);
  });

  it('does not ask again for what the farm refuses, or takes more than the blob has', async () => {
    const refusing = await clientOf((_req, res) => res.writeHead(500).end());
    await expect(bytesOf(refusing)).rejects.toMatchObject({ code: 'unexpected-answer' });
    await new Promise((resolve) => server?.close(resolve));
    const generous = await clientOf((_req, res) => res.end(Buffer.concat([CONTENT, CONTENT])));
    await expect(bytesOf(generous)).rejects.toMatchObject({ code: 'size-mismatch' });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const client = await clientOf((_req, res) => void res.write(CONTENT.subarray(0, 10)));
    const reading = (async () => {
      for await (const _chunk of client.download(BLOB, { signal: stop.signal })) stop.abort();
    })();
    await expect(reading).rejects.toThrow('aborted');
    server?.closeAllConnections();
  });
});
