import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS_RULES } from '../../api/access-rules.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { ROUTE_NAMES } from '../../api/route-names.ts';
import type { ApiTokens } from '../../coordinator/access/api-tokens.ts';
import type { FileAccessStore } from '../../coordinator/access/file-access-store.ts';
import { ROLES, type Role } from '../../domain/access.ts';
import { type OpenedAccess, openAccess } from './farm-access.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';

const FOREVER_MS = 3_600_000;

let folder: string;
let store: FileAccessStore;
let tokens: ApiTokens;
let deps: OpenedAccess['deps'];
let server: FarmServer;
const tokenOf = new Map<Role, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-rest-access-'));
  ({ store, tokens, deps } = await openAccess(folder));
  server = await startFarmServer({ deps });
  for (const role of ROLES) tokenOf.set(role, (await tokens.make({ name: `a-${role}`, role, forMs: FOREVER_MS }, 'test')).token);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Every operation of the OpenAPI document with its rule. */
const OPERATIONS = Object.entries(openApiDocument('0').paths as Record<string, Record<string, { operationId: string }>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => ({ method, path, operationId })),
);
const ruleOf = (operationId: string) => ACCESS_RULES[operationId as keyof typeof ACCESS_RULES];
const GUARDED = OPERATIONS.filter(({ operationId }) => !['anyone', 'grant'].includes(ruleOf(operationId)));

async function ask({ method, path }: { method: string; path: string }, headers: Record<string, string>) {
  const url = server.url + path.replace(/\{sha256\}/g, 'a'.repeat(64)).replace(/\{\w+\}/g, 'x1');
  const body = method === 'get' ? {} : { body: '{}' };
  const response = await fetch(url, { method: method.toUpperCase(), headers: { 'content-type': 'application/json', ...headers }, ...body });
  const answer = (await response.json().catch(() => ({}))) as { code?: string };
  return { status: response.status, code: answer.code };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('an operation of the API', () => {
  it('has a rule, and the document lists every route', () => {
    expect(OPERATIONS.map(({ operationId }) => operationId).sort()).toEqual([...ROUTE_NAMES].sort());
    expect(OPERATIONS.filter(({ operationId }) => ruleOf(operationId) === undefined)).toEqual([]);
  });

  it.each(GUARDED)('is refused to who shows nothing, or something that is no token: $operationId', async (operation) => {
    expect(await ask(operation, {})).toEqual({ status: 401, code: 'unauthenticated' });
    expect(await ask(operation, bearer('grove_0000'))).toEqual({ status: 401, code: 'unauthenticated' });
    expect(await ask(operation, bearer(`grove_${'0'.repeat(16)}_${'0'.repeat(64)}`))).toEqual({ status: 401, code: 'unauthenticated' });
    expect(await ask(operation, { cookie: `grove-session=session_${'0'.repeat(16)}_${'0'.repeat(64)}` })).toMatchObject({ status: 401 });
  });

  it.each(GUARDED)('is refused to every lower role: $operationId', async (operation) => {
    const needed = ROLES.indexOf(ruleOf(operation.operationId) as Role);
    for (const role of ROLES.slice(0, needed))
      expect(await ask(operation, bearer(tokenOf.get(role) ?? ''))).toEqual({ status: 403, code: 'forbidden' });
  });

  it('cuts off who was refused and goes on sending', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.write('POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n{');
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(answer.toString()).toMatch(/^HTTP\/1.1 401/);
    socket.write(' ');
    server.clock.move(10_000);
    await closed;
  });

  it.each(['/', '/jobs', '/agents', '/plain/jobs', '/anything'])('is no page that shows something: %s', async (path) => {
    expect((await fetch(server.url + path)).status).toBe(401);
  });

  it.each([
    ['/plain/jobs/j-1', '/jobs/j-1'],
    ['/plain/', '/'],
    ['/plain//elsewhere.example', '/elsewhere.example'],
    ['/api/v1/jobs', '/'],
  ])('leads a browser from %s to where it can log in', async (path, href) => {
    const page = await startFarmServer({ deps: { ...deps, web: { page: '', folder } } });
    const html = await (await fetch(page.url + path, { headers: { accept: 'text/html' } })).text();
    await page.close();
    expect(html).toContain(`<a href="${href}">Log in</a>`);
  });
});

describe('a token', () => {
  const me = { method: 'get', path: '/api/v1/session' };

  it('opens what its role may do until it is revoked', async () => {
    const made = await tokens.make({ name: 'ann', role: 'viewer', forMs: FOREVER_MS }, 'test');
    expect(await ask(me, bearer(made.token))).toMatchObject({ status: 200 });
    await tokens.revoke(made.id);
    expect(await ask(me, bearer(made.token))).toEqual({ status: 401, code: 'unauthenticated' });
  });

  it('is void once it has expired, and with a secret that differs in one place', async () => {
    const old = await tokens.make({ name: 'ann', role: 'viewer', forMs: -1 }, 'test');
    expect(await ask(me, bearer(old.token))).toEqual({ status: 401, code: 'unauthenticated' });
    const good = tokenOf.get('viewer') ?? '';
    const other = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0');
    expect(await ask(me, bearer(other))).toEqual({ status: 401, code: 'unauthenticated' });
  });

  it('is kept as a digest only', async () => {
    const kept = (await store.list('token')).join('');
    for (const token of tokenOf.values()) expect(kept).not.toContain(token.split('_')[2]);
  });

  it('opens a session that scripts cannot read and other sites cannot send, and that ends with it', async () => {
    const made = await tokens.make({ name: 'ann', role: 'viewer', forMs: FOREVER_MS }, 'test');
    const body = JSON.stringify({ token: made.token });
    const headers = { 'content-type': 'application/json' };
    const opened = await fetch(`${server.url}/api/v1/session`, { method: 'POST', headers, body });
    const cookie = opened.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^grove-session=session_\w+; .*HttpOnly; SameSite=Strict/);
    expect(cookie).not.toContain(made.token);
    const session = { cookie: cookie.split(';')[0] ?? '' };
    expect(await ask(me, session)).toMatchObject({ status: 200 });
    await tokens.revoke(made.id);
    expect(await ask(me, session)).toMatchObject({ status: 401 });
  });

  it('takes its sessions with it, also one that was opened at that moment', async () => {
    const made = await tokens.make({ name: 'ann', role: 'viewer', forMs: FOREVER_MS }, 'test');
    const { session } = await tokens.openSession(made.token);
    const kept = (await store.read('token', made.id)) ?? '';
    expect(await store.swap('token', made.id, { before: kept, after: undefined })).toBe(true);
    expect(await ask(me, { cookie: `grove-session=${session}` })).toMatchObject({ status: 401 });
  });

  it('has a bounded number of sessions, of which the newest is good', async () => {
    const made = await tokens.make({ name: 'ann', role: 'viewer', forMs: FOREVER_MS }, 'test');
    let session = '';
    for (let opened = 0; opened < 25; opened += 1) ({ session } = await tokens.openSession(made.token));
    expect((await store.list('token')).filter((text) => text.includes(`"parent":"${made.id}"`))).toHaveLength(20);
    expect(await ask(me, { cookie: `grove-session=${session}` })).toMatchObject({ status: 200 });
  });

  it('that is revoked ends the streams it follows', async () => {
    const made = await tokens.make({ name: 'ann', role: 'viewer', forMs: FOREVER_MS }, 'test');
    const response = await fetch(`${server.url}/api/v1/events`, { headers: bearer(made.token) });
    expect(response.status).toBe(200);
    await tokens.revoke(made.id);
    server.clock.move(30_000);
    await expect(response.text()).rejects.toThrow();
  });

  it('opens nothing as a session, nor a session as a token', async () => {
    const { session } = await tokens.openSession(tokenOf.get('viewer') ?? '');
    expect(await ask(me, bearer(session))).toMatchObject({ status: 401 });
    expect(await ask(me, { cookie: `grove-session=${tokenOf.get('viewer')}` })).toMatchObject({ status: 401 });
    await tokens.closeSession(session);
    expect(await ask(me, { cookie: `grove-session=${session}` })).toMatchObject({ status: 401 });
  });
});

describe('the record of changes', () => {
  it('tells who did what, from where and how it ended, and of refusals', async () => {
    const cancel = { method: 'post', path: '/api/v1/jobs/j-9/cancel' };
    await ask(cancel, bearer(tokenOf.get('submitter') ?? ''));
    await ask(cancel, bearer(tokenOf.get('viewer') ?? ''));
    const [refused, missing] = await store.audited(2);
    expect(missing).toMatchObject({
      who: { name: 'a-submitter' },
      role: 'submitter',
      what: 'cancelJob',
      object: 'j-9',
      outcome: 'not-found',
    });
    expect(missing?.from).toContain('127.0.0.1');
    expect(refused).toMatchObject({ what: 'cancelJob', object: 'j-9', outcome: 'forbidden' });
  });

  it('cannot be flooded by who is nobody', async () => {
    const before = await store.audited(1_000);
    expect(await ask({ method: 'post', path: '/api/v1/jobs/j-9/cancel' }, {})).toMatchObject({ status: 401 });
    expect(await ask({ method: 'post', path: '/api/v1/session' }, {})).toMatchObject({ code: expect.any(String) });
    await ask({ method: 'post', path: '/api/v1/session/end' }, {});
    expect(await store.audited(1_000)).toEqual(before);
  });

  it('holds no token', async () => {
    const text = JSON.stringify(await store.audited(1_000));
    for (const token of tokenOf.values()) expect(text).not.toContain(token.split('_')[2]);
  });
});
