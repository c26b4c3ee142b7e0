import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../api/jobs.ts';
import { eventually, type GroveProcess } from '../support/grove-process.ts';
import { Lab, RECIPE } from '../support/lab.ts';

/** One farm for the whole file: its tests tell one story, each from where the last ended. */
let lab: Lab;
let farm: GroveProcess;
let joinString: string;
let url: string;
let fingerprint: string;
const agents = new Map<string, GroveProcess>();

async function runAgent(name: string, { folder = name, join: text = '' } = {}): Promise<GroveProcess> {
  const file = join(lab.folder, `${folder}.yaml`);
  const settings = { name, hostName: name, hostId: `host-${folder}`, dataFolder: join(lab.folder, folder), logLevel: 'info' };
  await mkdir(join(lab.folder, folder), { recursive: true });
  await writeFile(file, JSON.stringify({ agent: settings }));
  const agent = lab.start(['agent', 'run', '--config', file, ...(text === '' ? [] : ['--join', text])], { GROVE_DATA: '' });
  agents.set(folder, agent);
  return agent;
}

const logged = (agent: GroveProcess, event: string, also = '') =>
  agent.until(() => (agent.err.split('\n').some((line) => line.includes(`"event":"${event}"`) && line.includes(also)) ? true : undefined));

/** A command on another machine: nothing of this farm's own data is there. */
async function elsewhere(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return await lab.start(args, { GROVE_DATA: join(lab.folder, 'elsewhere'), ...env }).finished;
}

beforeAll(async () => {
  lab = await Lab.open();
  // An address of this machine that is loopback, and yet guarded: it was named with --listen.
  farm = lab.start(['up', '--no-agent', '--listen', '127.0.0.2', '--port', '0', '--agent-port', '0', '--log-level', 'info']);
  await farm.until(() => (farm.out.includes('Stop with Ctrl-C') ? true : undefined));
  joinString = /--join (\S+)/.exec(farm.out)?.[1] ?? '';
  [, url = '', fingerprint = ''] = /grove login (\S+) --fingerprint (\S+)/.exec(farm.out) ?? [];
});
afterAll(() => lab.close());

describe('a farm for other machines', () => {
  it('asks who it is talking to', async () => {
    expect(url).toMatch(/^https:\/\/127\.0\.0\.2:/);
    const { code, err } = await elsewhere(['--url', url, 'agent', 'list']);
    expect(code).not.toBe(0);
    expect(err).not.toContain('lab-1');
    expect(err).toContain(`grove login ${url}`);
  });

  it('takes in machines by the printed string', async () => {
    for (const name of ['lab-1', 'lab-2']) await logged(await runAgent(name, { join: joinString }), 'connected');
    const { agents: known } = await lab.json<{ agents: { agentId: string; state: string }[] }>('agent', 'list', '-o', 'json');
    expect(known.map(({ agentId, state }) => [agentId, state])).toEqual([
      ['lab-1', 'idle'],
      ['lab-2', 'idle'],
    ]);
  });

  it('carries a job with its files over TLS', async () => {
    const submitted = await lab.json<{ jobId: string }>('submit', RECIPE, ...lab.sources(), '--on', 'any', '-o', 'json');
    const job = await eventually(async () => {
      const seen = await lab.json<JobView>('job', 'view', submitted.jobId, '-o', 'json');
      return seen.state !== 'running' && seen;
    }, 'the end of the job');
    expect(job.tasks.map(({ kind, state }) => [kind, state])).toEqual(expect.arrayContaining([['benchmark', 'completed']]));
  });

  it('lets a person in with a token, as far as its role goes', async () => {
    const { token } = await lab.json<{ token: string }>('token', 'create', 'ann', '--role', 'viewer', '-o', 'json');
    const wrong = await elsewhere(['login', url, '--fingerprint', '0'.repeat(64)], { GROVE_TOKEN: token });
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.err).toContain('cannot be trusted');
    expect(await elsewhere(['login', url], { GROVE_TOKEN: token })).toMatchObject({ code: 1 });
    expect(await elsewhere(['login', url, '--fingerprint', fingerprint], { GROVE_TOKEN: token })).toMatchObject({ code: 0 });
    expect((await elsewhere(['agent', 'list'])).out).toContain('lab-1');
    const refused = await elsewhere(['agent', 'revoke', 'lab-1']);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('operator');
  });

  it('refuses a clone while the machine it was copied from works', async () => {
    await cp(join(lab.folder, 'lab-1', 'identity.json'), join(lab.folder, 'clone', 'identity.json'), { recursive: true });
    await cp(join(lab.folder, 'lab-1', 'instance-id'), join(lab.folder, 'clone', 'instance-id'));
    await logged(await runAgent('lab-1', { folder: 'clone' }), 'refused', 'duplicate-agent');
    await agents.get('clone')?.end('SIGKILL');
  });

  it('ends the connection of a machine that is revoked, and keeps its history when it joins again', async () => {
    expect(await lab.grove('agent', 'revoke', 'lab-2')).toMatchObject({ code: 0 });
    const revoked = agents.get('lab-2');
    if (revoked === undefined) throw new Error('lab-2 was not started');
    await logged(revoked, 'refused', 'agent-revoked');
    await revoked.end('SIGKILL');
    const before = await lab.json<{ connectedAt: number }>('agent', 'show', 'lab-2', '-o', 'json');
    const [again = ''] = (await lab.grove('agent', 'token', '--uses', '1')).out.trim().split('\n');
    await logged(await runAgent('lab-2', { join: again }), 'connected');
    const after = await lab.json<{ agentId: string; connectedAt: number }>('agent', 'show', 'lab-2', '-o', 'json');
    expect(after.agentId).toBe('lab-2');
    expect(after.connectedAt).toBeGreaterThanOrEqual(before.connectedAt);
  });

  it('remembers who changed what, and logs no secret', async () => {
    const { entries } = await lab.json<{ entries: { who: { name: string }; what: string; object: string; outcome: string }[] }>(
      ...['audit', '-o', 'json'],
    );
    const lines = entries.map(({ who, what, object, outcome }) => `${who.name} ${what} ${object} ${outcome}`);
    expect(lines).toContain('owner revokeAgent lab-2 ok');
    expect(lines).toContain('ann revokeAgent lab-1 forbidden');
    const log = await readFile(join(lab.dataFolder, 'coordinator', 'coordinator.log'), 'utf8');
    const secret = joinString.split('_').at(-1) ?? '';
    for (const text of [log, ...[...agents.values()].map(({ err }) => err), JSON.stringify(entries)]) expect(text).not.toContain(secret);
  });
});
