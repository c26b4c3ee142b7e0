import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FarmServer, startFarmServer } from './farm-server.ts';
import { problemIn, type RawRequest, rawRequest } from './raw-request.ts';

const VALID = { recipes: [{ name: 'r.json', text: '{}' }], on: 'any' };
const JSON_TYPE = { 'content-type': 'application/json', 'idempotency-key': 'key-00000001' };

let server: FarmServer;

beforeAll(async () => {
  server = await startFarmServer({ limits: { bodyBytes: 10_000 } });
});
afterAll(() => server.close());

function submit(body: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE) {
  return rawRequest(server.url, '/api/v1/jobs', { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

describe('a body', () => {
  it('beyond the limit is refused with 413', async () => {
    const answer = await submit({ ...VALID, task: 'x'.repeat(20_000) });
    expect(answer.status).toBe(413);
    expect(problemIn(answer)).toMatchObject({ code: 'body-too-large', detail: expect.stringContaining('10000 bytes') });
  });

  it('of another content type is refused: a foreign page may send those without asking', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
      const answer = await submit(VALID, { ...JSON_TYPE, 'content-type': type });
      expect(answer.status).toBe(400);
      expect(problemIn(answer).detail).toContain('content-type');
    }
  });

  it('that is not JSON is refused with line and column', async () => {
    const answer = await submit('{\n  "recipes": [,]\n}');
    expect(answer.status).toBe(400);
    expect(problemIn(answer).detail).toContain('line 2, column 15');
  });

  it('that is compressed is refused rather than inflated', async () => {
    const answer = await submit('xx', { ...JSON_TYPE, 'content-encoding': 'gzip' });
    expect(problemIn(answer).code).toBe('invalid-request');
  });

  it('with unknown members names each by its path', async () => {
    const answer = await submit({ ...VALID, recipes: [{ name: 'r.json', text: '{}', txt: 1 }], wher: {}, __proto__x: 1 });
    expect(problemIn(answer).problems).toEqual([
      { path: '$.recipes[0].txt', message: 'unknown member' },
      { path: '$.wher', message: 'unknown member' },
      { path: '$.__proto__x', message: 'unknown member' },
    ]);
  });

  it('with a path that leaves its folder is refused', async () => {
    const files = { '../../etc/passwd': { sha256: 'a'.repeat(64), sizeBytes: 1 } };
    const answer = await submit({ ...VALID, model: { kind: 'uploaded', files } });
    expect(problemIn(answer).problems).toHaveLength(1);
    expect(problemIn(answer).problems[0]?.path).toContain('../../etc/passwd');
  });

  it('without an idempotency key is refused', async () => {
    const answer = await submit(VALID, { 'content-type': 'application/json' });
    expect(problemIn(answer).problems[0]?.path).toBe('header["idempotency-key"]');
  });
});

describe('a request', () => {
  it('for a foreign host name is refused (DNS rebinding)', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1', '127.0.0.1.evil.example']) {
      const answer = await rawRequest(server.url, '/api/v1/jobs', { headers: { host } });
      expect([host, answer.status]).toEqual([host, 403]);
    }
  });

  it('for another loopback name is answered', async () => {
    const { port } = new URL(server.url);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect((await rawRequest(server.url, '/api/v1/health', { headers: { host } })).status).toBe(200);
    }
  });

  it('from a page of another origin is refused', async () => {
    for (const origin of ['http://evil.example', 'null', server.url.replace('http', 'https')]) {
      const answer = await rawRequest(server.url, '/api/v1/shutdown', {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: '{}',
      });
      expect(problemIn(answer).code).toBe('forbidden-origin');
    }
    expect(server.shutdowns()).toBe(0);
  });

  it('for what does not exist is a problem document, also outside the API', async () => {
    const requests: readonly (readonly [string, RawRequest])[] = [
      ['/api/v1/nothing', {}],
      ['/nothing', {}],
      ['/api/v1/jobs', { method: 'DELETE' }],
      ['/api/v1/jobs/none', {}],
      ['/api/v1/tasks/none', {}],
      ['/api/v1/tasks/none/logs', {}],
      ['/api/v1/agents/none', {}],
      ['/api/v1/recipes/none', {}],
      ['/api/v1/cells/0123456789abcdef', {}],
      [`/api/v1/artifacts/${'0'.repeat(64)}`, {}],
    ];
    for (const [path, request] of requests) {
      const answer = await rawRequest(server.url, path, request);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
  });

  it('that climbs out of the artifacts folder reaches no file', async () => {
    for (const id of ['..%2f..%2furl-signing.key', '%2e%2e/%2e%2e/etc/passwd', '..\\..\\x', `${'a'.repeat(63)}%00`]) {
      const answer = await rawRequest(server.url, `/api/v1/artifacts/${id}`);
      expect([400, 404]).toContain(answer.status);
    }
  });

  it('with unknown or malformed query members names them', async () => {
    const answer = await rawRequest(server.url, '/api/v1/jobs?limt=5&limit=zero');
    expect(problemIn(answer).problems.map(({ path }) => path)).toEqual(['query.limit', 'query.limt']);
  });

  it("with a broken percent escape is the client's mistake", async () => {
    expect((await rawRequest(server.url, '/api/v1/jobs/%E0%A4%A')).status).toBe(400);
  });
});

describe('an unexpected failure', () => {
  it('is logged whole and answered without its text', async () => {
    const broken = await startFarmServer({ deps: { matrix: () => Promise.reject(new Error('secret path /home/x')) } });
    const answer = await rawRequest(broken.url, '/api/v1/matrix');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    const [logged] = broken.log.failed;
    expect(logged?.error).toEqual(new Error('secret path /home/x'));
    expect(answer.text).toContain(logged?.requestId);
    await broken.close();
  });
});
