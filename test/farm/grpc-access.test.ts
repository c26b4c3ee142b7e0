import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcTransport } from '../../agent/connection/grpc-transport.ts';
import { renewCertificate } from '../../agent/connection/renew-certificate.ts';
import { type Identity, IdentityFile } from '../../agent/identity/identity-file.ts';
import { joinFarm } from '../../agent/identity/join-farm.ts';
import { loadCoordinatorConfig } from '../../coordinator/config.ts';
import { type Coordinator, startCoordinator } from '../../coordinator/main.ts';
import { createAuthority, createRequest, issueWithKey, readCertificate } from '../../platform/certificates.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { systemRandom } from '../../platform/random.ts';
import { AgentServiceClient, AgentServiceService } from '../../proto/gen/grove/v1/agent.ts';
import { helloOf } from './scripted-agent.ts';

const clock = createSystemClock();
let folder: string;
let coordinator: Coordinator;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-grpc-access-'));
  const settings = { dataFolder: join(folder, 'farm'), listen: '127.0.0.1', restPort: 0, grpcPort: 0, logLevel: 'debug' } as const;
  coordinator = await startCoordinator(await loadCoordinatorConfig(settings, {}));
});
afterEach(async () => {
  await coordinator.stop('test');
  await rm(folder, { recursive: true, force: true });
});

async function joinString(uses = 5, forMs = 60_000): Promise<string> {
  return (await coordinator.enrolment?.makeJoin({ uses, forMs }, 'test'))?.joinString ?? '';
}

const fileOf = (machine: string) => new IdentityFile(join(folder, machine), systemFiles);

async function enrol(name: string, { machine = name, join: text = '' } = {}): Promise<Identity> {
  await systemFiles.makeFolder(join(folder, machine));
  return await joinFarm({ join: text || (await joinString()), name, instanceId: `instance-${machine}` }, fileOf(machine));
}

/** Type of the first message, or the code of the refusal. */
async function greet(identity: Identity, hello: Parameters<typeof helloOf>[1] & { agentId?: string } = {}): Promise<string> {
  const terms = () => ({ identity, insecure: false });
  const channel = await createGrpcTransport(identity.agentUrl, { clock, random: systemRandom, terms }).connect();
  try {
    channel.send({ ...helloOf(identity.agentId), instanceId: `instance-${identity.agentId}`, ...hello });
    for await (const message of channel.incoming) return message.type === 'refused' ? message.error.code : message.type;
    return 'closed';
  } finally {
    channel.close();
  }
}

const refusedWith = (code: string) => expect.objectContaining({ code });

describe('a machine that joins', () => {
  it('is welcomed with the certificate for its key, which others cannot read', async () => {
    const identity = await enrol('lab-1');
    expect(await greet(identity)).toBe('welcome');
    expect(identity.agentUrl).toMatch(/^grpcs:/);
    expect(process.platform === 'win32' || ((await stat(join(folder, 'lab-1', 'identity.json'))).mode & 0o77) === 0).toBe(true);
  });

  it('does not join again with the string it came by', async () => {
    const text = await joinString(1);
    const first = await enrol('lab-1', { join: text });
    expect(await enrol('lab-1', { join: text })).toEqual(first);
  });

  it('is refused once the string is used up, has expired, or names another authority', async () => {
    const text = await joinString(1);
    await enrol('lab-1', { join: text });
    await expect(enrol('lab-2', { join: text })).rejects.toThrow(refusedWith('join-refused'));
    await expect(enrol('lab-3', { join: await joinString(1, -1) })).rejects.toThrow(refusedWith('join-refused'));
    const forged = (await joinString()).replace(/#[0-9a-f]{64}/, `#${'0'.repeat(64)}`);
    await expect(enrol('lab-4', { join: forged })).rejects.toThrow(refusedWith('untrusted-farm'));
  });

  it('uses a string no more often than it is good for, however many come at once', async () => {
    const text = await joinString(3);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const ended = await Promise.allSettled(names.map((name) => enrol(name, { join: text })));
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('does not get the name of another machine until that one is revoked', async () => {
    const first = await enrol('lab-1');
    await expect(enrol('lab-1', { machine: 'elsewhere' })).rejects.toThrow(refusedWith('duplicate-agent'));
    await revoke('lab-1');
    expect(await greet(first)).toBe('agent-revoked');
    const second = await enrol('lab-1', { machine: 'elsewhere' });
    expect(await greet(second, { instanceId: 'instance-elsewhere' })).toBe('welcome');
    expect(await greet(first)).toBe('agent-revoked');
  });

  it('gets a new key when its own was revoked', async () => {
    const first = await enrol('lab-1');
    await revoke('lab-1');
    const second = await enrol('lab-1');
    expect(second.privateKey).not.toBe(first.privateKey);
    expect(await greet(second)).toBe('welcome');
    expect(await greet(first)).toBe('agent-revoked');
  });

  async function revoke(agentId: string): Promise<void> {
    const { token } = (await coordinator.enrolment?.tokens.make({ name: 'op', role: 'operator', forMs: 60_000 }, 'test')) ?? { token: '' };
    const { fetchTrusting } = await import('../../cli/farm-fetch.ts');
    const answer = await fetchTrusting(coordinator.enrolment?.authority.certificate ?? '')(
      `${coordinator.url}/api/v1/agents/${agentId}/revoke`,
      { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: '{}' },
    );
    expect(answer.status).toBe(200);
  }
});

describe('an agent', () => {
  it('speaks for itself only', async () => {
    const identity = await enrol('lab-1');
    await enrol('lab-2');
    expect(await greet(identity, { agentId: 'lab-2' })).toBe('forbidden');
  });

  it('is refused as a clone when its identity is used elsewhere', async () => {
    const identity = await enrol('lab-1');
    expect(await greet(identity, { instanceId: 'instance-copy' })).toBe('duplicate-agent');
  });

  it('gets its next certificate for the same key', async () => {
    const identity = await enrol('lab-1');
    const request = await createRequest(identity.privateKey, 'lab-1');
    const certificate = await renewCertificate({ urls: identity.agentUrl, identity, request, now: clock.now() });
    expect(certificate).not.toBe(identity.certificate);
    expect(readCertificate(certificate).keyDigest).toBe(readCertificate(identity.certificate).keyDigest);
    expect(await greet({ ...identity, certificate })).toBe('welcome');
  });

  it('gets no certificate for another key', async () => {
    const [identity, other] = [await enrol('lab-1'), await enrol('lab-2')];
    const request = await createRequest(other.privateKey, 'lab-1');
    await expect(renewCertificate({ urls: identity.agentUrl, identity, request, now: clock.now() })).rejects.toThrow('agent-revoked');
  });
});

describe('every method of the service', () => {
  const METHODS = Object.keys(AgentServiceService) as (keyof typeof AgentServiceService)[];

  async function call(method: (typeof METHODS)[number], key?: { privateKey: string; certificate: string }): Promise<string> {
    const authority = Buffer.from(coordinator.enrolment?.authority.certificate ?? '');
    const pair = key === undefined ? ([] as const) : ([Buffer.from(key.privateKey), Buffer.from(key.certificate)] as const);
    const client = new AgentServiceClient(coordinator.grpcAddress, credentials.createSsl(authority, ...pair), {
      'grpc.use_local_subchannel_pool': 1,
    });
    try {
      return await new Promise((resolve) => {
        const deadline = { deadline: Date.now() + 20_000 };
        const { path, requestStream } = AgentServiceService[method];
        const done = (error: { details: string } | null) => resolve(error === null ? 'answered' : `refused: ${error.details}`);
        const asBytes = (value: Buffer) => value;
        if (!requestStream) client.makeUnaryRequest(path, asBytes, asBytes, Buffer.alloc(0), deadline as never, done as never);
        else {
          const stream = client.makeBidiStreamRequest(path, asBytes, asBytes, deadline as never);
          stream.on('error', done);
          stream.on('data', () => {});
          stream.on('end', () => resolve('refused: ended'));
        }
      });
    } finally {
      client.close();
    }
  }

  it.each(METHODS)('is refused without a certificate: %s', async (method) => {
    expect(await call(method)).toMatch(/^refused/);
  });

  it.each(METHODS)('is refused with a certificate of another authority: %s', async (method) => {
    const issue = { now: clock.now(), days: 1, name: 'lab-1', purpose: 'agent' } as const;
    expect(await call(method, await issueWithKey(await createAuthority(clock.now()), issue))).toMatch(/^refused/);
  });

  it.each(METHODS)("is refused with the coordinator's own certificate, and with one of nobody: %s", async (method) => {
    const authority = coordinator.enrolment?.authority;
    expect(await call(method, await authority?.issueServer(['127.0.0.1']))).toMatch(/^refused/);
    const identity = await enrol('lab-9');
    const certificate = await authority?.issueAgent(await createRequest(identity.privateKey, 'ghost'), 'ghost');
    expect(await call(method, { privateKey: identity.privateKey, certificate: certificate ?? '' })).toMatch(/^refused.*agent-revoked/);
  });
});
