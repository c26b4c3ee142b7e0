import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromWire } from '../../agent/connection/convert.ts';
import { stageContext } from '../../agent/runner/task-context.cases.ts';
import { fetchFiles } from '../../agent/transfer/download.ts';
import { uploadFiles } from '../../agent/transfer/upload.ts';
import { S3ArtifactStore, type S3ArtifactStoreOptions } from '../../coordinator/artifacts/s3/s3-artifact-store.ts';
import { S3Bucket } from '../../coordinator/artifacts/s3/s3-bucket.ts';
import type { S3Settings } from '../../coordinator/artifacts/s3/s3-settings.ts';
import { writeCoordinatorMessage } from '../../coordinator/grpc/to-wire.ts';
import { type GroveError, toGroveError } from '../../domain/errors.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Grant } from '../../domain/protocol.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { CoordinatorMessage } from '../../proto/gen/grove/v1/agent.ts';
import { eventually } from '../support/grove-process.ts';
import { S3_CREDENTIALS, S3_KINDS, S3Server } from '../support/s3-server.ts';

const clock = createSystemClock();
const openssl = promisify(execFile);
const MIB = 1024 * 1024;
const PART_BYTES = 5 * MIB;

function sample(sizeBytes: number): { readonly bytes: Buffer; readonly blob: Blob } {
  const bytes = randomBytes(sizeBytes);
  return { bytes, blob: { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes } };
}

/** PUTs bytes with any headers; the S3 error code, or `ok`, or `broken` when the connection ended without an answer. */
function put(url: string, headers: Readonly<Record<string, string>>, bytes: Buffer, cutAfter?: number): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'PUT', headers: { 'content-length': String(bytes.byteLength), ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () =>
        resolve(answer.statusCode === 200 ? 'ok' : (/<Code>(.+?)<\/Code>/.exec(text)?.[1] ?? String(answer.statusCode))),
      );
    });
    sent.on('error', () => resolve('broken'));
    if (cutAfter === undefined) sent.end(bytes);
    else sent.write(bytes.subarray(0, cutAfter), () => sent.destroy());
  });
}

async function codeAndMessage(work: Promise<unknown>): Promise<GroveError> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => toGroveError(error),
  );
}

/** Stands in front of a server and, when told to, answers 503 in its place. Signatures stay valid: the name asked for is handed on. */
class FailingFront {
  readonly #server: Server;
  requests = 0;
  #failing = 0;

  private constructor(target: URL) {
    this.#server = createServer((asked, answer) => {
      this.requests += 1;
      if (this.#failing > 0) {
        this.#failing -= 1;
        asked.resume();
        asked.on('end', () => answer.writeHead(503).end());
        return;
      }
      const { method = 'GET', url = '/', headers } = asked;
      const onward = request({ host: target.hostname, port: target.port, method, path: url, headers }, (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      asked.pipe(onward);
    });
  }

  static async start(target: string): Promise<FailingFront> {
    const front = new FailingFront(new URL(target));
    await new Promise<void>((resolve) => void front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  failNext(requests: number): void {
    this.#failing = requests;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** As an agent reads them. */
function overTheWire(grants: readonly Grant[]): readonly Grant[] {
  const bytes = writeCoordinatorMessage({ type: 'grant', requestId: 'r', grants, error: null });
  const message = fromWire(CoordinatorMessage.decode(bytes));
  return message.type === 'grant' ? message.grants : [];
}

describe.each(S3_KINDS)('on %s', (kind) => {
  let server: S3Server;
  let settings: S3Settings;
  const stores: S3ArtifactStore[] = [];
  beforeAll(async () => {
    server = await S3Server.start(kind);
    settings = server.settings({ prefix: 'farm/' });
  });
  afterEach(() => {
    for (const store of stores.splice(0)) store.close();
  });
  afterAll(() => server.stop());

  async function openStore(options: Partial<S3ArtifactStoreOptions> = {}): Promise<S3ArtifactStore> {
    const store = await S3ArtifactStore.open({ settings, credentials: S3_CREDENTIALS, clock, partBytes: PART_BYTES, ...options });
    stores.push(store);
    return store;
  }

  async function sendParts(grant: Grant, bytes: Buffer): Promise<void> {
    for (const { url, headers, firstByte, sizeBytes } of grant.parts)
      expect(await put(url, headers, bytes.subarray(firstByte, firstByte + sizeBytes))).toBe('ok');
  }

  async function untilStored(store: S3ArtifactStore, { bytes, blob }: ReturnType<typeof sample>): Promise<void> {
    for (let grant = await store.grantPut(blob, clock.now()); !grant.present; grant = await store.grantPut(blob, clock.now()))
      await sendParts(grant, bytes);
  }

  async function contentOf(store: S3ArtifactStore, { sha256 }: Blob): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of await store.open(sha256)) hash.update(chunk);
    return hash.digest('hex');
  }

  it('finds out that the server proves bytes', async () => {
    expect((await openStore()).verifies).toBe(true);
  });

  describe('a direct upload', () => {
    let store: S3ArtifactStore;
    const { bytes, blob } = sample(100_000);
    beforeEach(async () => {
      store = await openStore();
    });

    it.each<[string, (grant: Grant) => Promise<string>]>([
      ['other bytes of the same length', ({ url, headers }) => put(url, headers, randomBytes(bytes.byteLength))],
      ['a byte too many', ({ url, headers }) => put(url, headers, Buffer.concat([bytes, Buffer.from('x')]))],
      ['a byte too few', ({ url, headers }) => put(url, headers, bytes.subarray(1))],
      ['no checksum', ({ url }) => put(url, {}, bytes)],
      ['another checksum', ({ url }) => put(url, { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') }, bytes)],
      ['a body cut in the middle', ({ url, headers }) => put(url, headers, bytes, 50_000)],
      ['a longer life', ({ url, headers }) => put(url.replace('X-Amz-Expires=900', 'X-Amz-Expires=90000'), headers, bytes)],
      ['another key', ({ url, headers }) => put(url.replace(blob.sha256.slice(2), 'f'.repeat(62)), headers, bytes)],
      ['a signature of nobody', ({ url, headers }) => put(url.replace(/Signature=\w{4}/, 'Signature=0000'), headers, bytes)],
    ])('with %s is refused and shows nothing', async (_what, attack) => {
      expect(await attack(await store.grantPut(blob, clock.now()))).not.toBe('ok');
      expect(await store.head(blob.sha256)).toBeUndefined();
    });
  });

  describe('an upload in parts', () => {
    const large = sample(4 * PART_BYTES + 12_345);

    it('is invisible until it is whole and proven, and leaves nothing in staging', async () => {
      const store = await openStore();
      const item = sample(2 * PART_BYTES + 1);
      const grant = await store.grantPut(item.blob, clock.now());
      expect(grant).toMatchObject({ present: false, url: '', confirm: true });
      await sendParts(grant, item.bytes);
      expect(await store.head(item.blob.sha256)).toBeUndefined();
      await untilStored(store, item);
      expect(await contentOf(store, item.blob)).toBe(item.blob.sha256);
      const bucket = await S3Bucket.connect(settings, S3_CREDENTIALS, clock);
      expect((await bucket.list('staging/').next()).done).toBe(true);
      bucket.close();
    });

    it('is sent by an agent as it sends everything, and comes back whole', async () => {
      const store = await openStore();
      const folder = await mkdtemp(join(tmpdir(), 'grove-parts-'));
      const item = sample(9 * PART_BYTES + 77);
      await writeFile(join(folder, 'weights.bin'), item.bytes);
      const grants = async (direction: 'put' | 'get', blobs: readonly Blob[]) => {
        const grant = (blob: Blob) => (direction === 'put' ? store.grantPut(blob, clock.now()) : store.grantGet(blob, clock.now()));
        return overTheWire(await Promise.all(blobs.map(grant)));
      };
      const context = { ...(await stageContext({ folder, grants: () => [] })), grants };
      const files = await uploadFiles({ 'weights.bin': join(folder, 'weights.bin') }, context);
      expect(files).toEqual({ 'weights.bin': item.blob });
      await fetchFiles(files, context, { folder: join(folder, 'back') });
      expect((await readFile(join(folder, 'back', 'weights.bin'))).equals(item.bytes)).toBe(true);
      await rm(folder, { recursive: true, force: true });
    });

    it('goes on with the parts that are there, on another coordinator', async () => {
      const first = await (await openStore()).grantPut(large.blob, clock.now());
      const [one, two] = first.parts;
      await sendParts({ ...first, parts: [one!, two!] }, large.bytes);
      const store = await openStore();
      const second = await store.grantPut(large.blob, clock.now());
      expect(second.parts.map(({ firstByte }) => firstByte)).toEqual([2, 3, 4].map((index) => index * PART_BYTES));
      await untilStored(store, large);
      expect(await contentOf(store, large.blob)).toBe(large.blob.sha256);
    });

    it('asks again for a part whose length the server has not seen', async () => {
      const store = await openStore();
      const item = sample(PART_BYTES + 10);
      const { parts } = await store.grantPut(item.blob, clock.now());
      expect(await put(parts[1]!.url, parts[1]!.headers, item.bytes.subarray(PART_BYTES, PART_BYTES + 9))).not.toBe('ok');
      expect((await store.grantPut(item.blob, clock.now())).parts).toHaveLength(2);
      await untilStored(store, item);
    });

    it('of other bytes is refused, and the right ones are taken afterwards', async () => {
      const store = await openStore();
      const item = sample(PART_BYTES + 10);
      await sendParts(await store.grantPut(item.blob, clock.now()), randomBytes(item.bytes.byteLength));
      expect((await codeAndMessage(store.grantPut(item.blob, clock.now()))).code).toBe('digest-mismatch');
      expect(await store.head(item.blob.sha256)).toBeUndefined();
      await untilStored(store, item);
    });

    it('by two clients on two coordinators at once stores it for both', async () => {
      const item = sample(3 * PART_BYTES);
      const both = [await openStore(), await openStore()];
      // A part that arrives after the other client's upload is finished is refused; its client asks again.
      const client = async (store: S3ArtifactStore) => {
        for (let grant = await store.grantPut(item.blob, clock.now()); !grant.present; ) {
          for (const { url, headers, firstByte, sizeBytes } of grant.parts)
            await put(url, headers, item.bytes.subarray(firstByte, firstByte + sizeBytes));
          grant = await store.grantPut(item.blob, clock.now()).catch((error: GroveError) => {
            if (!error.spec.retryable) throw error;
            return { ...grant, parts: [] };
          });
        }
      };
      await Promise.all(both.map(client));
      expect(await contentOf(both[0]!, item.blob)).toBe(item.blob.sha256);
    });

    it('survives the server being away for a while', async () => {
      const store = await openStore();
      const item = sample(2 * PART_BYTES);
      const grant = await store.grantPut(item.blob, clock.now());
      await sendParts({ ...grant, parts: grant.parts.slice(0, 1) }, item.bytes);
      await server.kill();
      const failure = await codeAndMessage(store.grantPut(item.blob, clock.now()));
      expect([failure.code, failure.spec.retryable]).toEqual(['artifact-store-unavailable', true]);
      for (let tries = 0; tries < 3; tries++) await codeAndMessage(store.head(item.blob.sha256));
      expect(store.problem?.code).toBe('artifact-store-unavailable');
      await server.start();
      const resumed = await eventually(() => store.grantPut(item.blob, clock.now()).catch(() => undefined), 'the store to be back');
      expect(resumed.parts).toHaveLength(1);
      await untilStored(store, item);
      expect(store.problem).toBeUndefined();
    });
  });

  it('asks again when the server fails in passing, and not when it refuses', async () => {
    const front = await FailingFront.start(settings.endpoint);
    const bucket = await S3Bucket.connect({ ...settings, endpoint: front.endpoint }, S3_CREDENTIALS, clock);
    try {
      front.failNext(2);
      await bucket.put('passing/one', Buffer.from('one'), {});
      front.failNext(2);
      expect((await bucket.head('passing/one'))?.sizeBytes).toBe(3);
      front.failNext(100);
      expect((await codeAndMessage(bucket.head('passing/one'))).code).toBe('artifact-store-unavailable');
      front.failNext(0);
      const before = front.requests;
      expect(await bucket.head('passing/none')).toBeUndefined();
      expect(front.requests - before).toBe(1);
    } finally {
      bucket.close();
      front.stop();
    }
  });

  it('copies only the object it has seen, in parts when it is large', async () => {
    await openStore();
    const bucket = await S3Bucket.connect(settings, S3_CREDENTIALS, clock);
    const { bytes } = sample(PART_BYTES + 1_000);
    await bucket.put('staging/one', bytes, {});
    const seen = (await bucket.head('staging/one'))!;
    expect(await bucket.copy(seen, 'copied/whole')).toBe('copied');
    expect(await bucket.copy(seen, 'copied/in-parts', PART_BYTES)).toBe('copied');
    expect((await bucket.head('copied/in-parts'))?.sizeBytes).toBe(bytes.byteLength);
    await bucket.put('staging/one', Buffer.from('replaced meanwhile'), {});
    expect(await bucket.copy(seen, 'copied/late')).toBeUndefined();
    expect(await bucket.copy({ ...seen, key: 'staging/none' }, 'copied/late')).toBeUndefined();
    expect(await bucket.head('copied/late')).toBeUndefined();
    bucket.close();
  });

  describe('what a person has to put right', () => {
    const refusal = (options: Partial<S3ArtifactStoreOptions>) => codeAndMessage(openStore(options));

    it.each([
      ['an unknown access key', { credentials: { ...S3_CREDENTIALS, accessKeyId: 'nobody' } }],
      ['a wrong secret', { credentials: { ...S3_CREDENTIALS, secretAccessKey: 'wrong-secret-key' } }],
    ])('is told of %s, without the key', async (_what, options) => {
      const { code, message } = await refusal(options);
      expect(code).toBe('artifact-store-refused');
      expect(message).not.toContain('wrong-secret-key');
    });

    it('is told of a bucket that is missing', async () => {
      const missing = server.settings({ createBucket: false });
      expect(await refusal({ settings: missing })).toMatchObject({
        code: 'artifact-store-refused',
        message: expect.stringContaining(missing.bucket),
      });
    });

    it.each([
      ['ahead of', 7_200_000],
      ['behind', -7_200_000],
    ])('is told of a clock that is %s the server’s, and by how much', async (where, byMs) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs });
      try {
        const { code, message } = await refusal({ clock: { ...clock, now: () => Date.now() } });
        expect(code).toBe('artifact-store-refused');
        expect(message).toMatch(new RegExp(`clock is 7[12]\\d\\d s ${where} the server's`));
      } finally {
        vi.useRealTimers();
      }
    });

    it('is told of a server that is not there', async () => {
      const away = server.settings({ endpoint: 'http://127.0.0.1:9' });
      expect((await refusal({ settings: away })).code).toBe('artifact-store-unavailable');
    });
  });
});

describe('over TLS', () => {
  let folder: string;
  let server: S3Server;
  let certFile: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-tls-'));
    certFile = join(folder, 'cert.pem');
    const keyFile = join(folder, 'key.pem');
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await openssl('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...subject,
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ]);
    server = await S3Server.start('versitygw', { certFile, keyFile });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('a certificate of the lab is trusted when it is named, and refused with the reason when not', async () => {
    const options = { credentials: S3_CREDENTIALS, clock };
    const store = await S3ArtifactStore.open({ ...options, settings: server.settings({ caFile: certFile }) });
    const blob = await store.put(Buffer.from('over tls'));
    expect(await store.head(blob.sha256)).toEqual({ sizeBytes: 8 });
    store.close();
    const refused = await codeAndMessage(S3ArtifactStore.open({ ...options, settings: server.settings() }));
    expect(refused).toMatchObject({ code: 'artifact-store-refused', message: expect.stringContaining('caFile') });
  });
});
