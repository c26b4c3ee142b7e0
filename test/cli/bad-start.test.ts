import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroveProcess } from '../support/grove-process.ts';
import { Lab } from '../support/lab.ts';

let lab: Lab;
let coordinator: GroveProcess;

beforeAll(async () => {
  lab = await Lab.open();
  coordinator = await lab.startCoordinator();
});
afterAll(() => lab.close());

function up(...args: readonly string[]): readonly string[] {
  return ['up', '--no-agent', '--port', '0', '--agent-port', '0', ...args];
}

/** Runs a command with a data folder that nobody else uses. */
function elsewhere(...args: readonly string[]) {
  return lab.start(args, { GROVE_DATA: join(lab.folder, randomUUID()) }).finished;
}

async function configFile(name: string, text: string): Promise<string> {
  const file = join(lab.folder, name);
  await writeFile(file, text);
  return file;
}

describe.concurrent('grove up', () => {
  it('refuses a data folder that a coordinator uses already, and names its process', async () => {
    const { code, err } = await lab.grove(...up());
    expect(code).toBe(1);
    expect(err).toContain(`(process ${coordinator.pid})`);
    expect(err).toContain('(already-running)');
    expect(await lab.isServing()).toBe(true);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.org'])('will not listen on %s unguarded', async (address) => {
    const file = await configFile(`host-${address.replaceAll(':', 'x')}.yaml`, `coordinator: { host: "${address}" }\n`);
    const { code, err, out } = await elsewhere('--config', file, ...up());
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`"${address}"`);
    expect(err).toContain('(bind-refused)');
  });

  it.each([
    ['on every address without saying how others reach it', ['--listen', '0.0.0.0'], 'publicUrl'],
    ['under a public address without TLS', ['--listen', '127.0.0.1', '--public-url', 'http://grove.lab:4700'], 'publicUrl'],
    ['insecurely without naming an address', ['--insecure'], 'insecure'],
    ['on an address of another machine', ['--listen', '192.0.2.1'], '192.0.2.1'],
  ])('will not listen %s', async (_what, options, named) => {
    const { code, err, out } = await elsewhere(...up(...options));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(named);
    expect(err).toContain('(invalid-config)');
  });

  it('says which port another program has', async () => {
    const port = new URL(lab.url).port;
    const { code, err } = await elsewhere('up', '--no-agent', '--port', port, '--agent-port', '0');
    expect(code).toBe(1);
    expect(err).toContain(port);
    expect(err).toContain('(port-in-use)');
    const agentPort = lab.grpcAddress.split(':')[1] ?? '';
    const second = await elsewhere('up', '--no-agent', '--port', '0', '--agent-port', agentPort);
    expect(second.code).toBe(1);
    expect(second.err).toContain(agentPort);
    expect(second.err).toContain('(port-in-use)');
  });

  it('starts again on the folder of a coordinator that was killed', async () => {
    const killed = lab.start(up(), { GROVE_DATA: join(lab.folder, 'killed') });
    await killed.until(() => (killed.out.includes('Grove is up') ? true : undefined));
    await killed.end('SIGKILL');
    const again = lab.start(up(), { GROVE_DATA: join(lab.folder, 'killed') });
    await again.until(() => (again.out.includes('Grove is up') ? true : undefined));
    expect((await again.end('SIGINT')).code).toBe(0);
  });
});

describe.concurrent('a configuration file', () => {
  it('with an unknown key is refused with its line and column', async () => {
    const file = await configFile('typo.yaml', 'coordinator:\n  restPort: 0\n  recipeFolder: x\n');
    const { code, err } = await elsewhere('--config', file, ...up());
    expect(code).toBe(2);
    expect(err).toContain(`${file}:3:3`);
    expect(err).toContain('recipeFolder');
    expect(err).toContain('(invalid-config)');
  });

  it("with an unknown key in the agent's section stops the agent", async () => {
    const file = await configFile('agent.yaml', 'agent:\n  name: lab-a\n  cache:\n    maxBites: 1\n');
    const { code, err } = await elsewhere('agent', 'run', '--config', file);
    expect(code).toBe(2);
    expect(err).toContain(`${file}:4:5`);
    expect(err).toContain('maxBites');
  });

  it('that is no YAML is refused with the line', async () => {
    const file = await configFile('broken.yaml', 'agent: {\n');
    const { code, err } = await elsewhere('job', 'list', '--config', file);
    expect(code).toBe(2);
    expect(err).toMatch(/broken\.yaml:\d+:\d+/);
  });

  it('that is not there is named', async () => {
    const { code, err } = await elsewhere('job', 'list', '--config', 'none.yaml');
    expect(code).toBe(2);
    expect(err).toContain('none.yaml');
  });

  it('gives way to the environment, and that to a flag', async () => {
    const file = await configFile('url.yaml', 'url: http://127.0.0.1:1\n');
    const env = { GROVE_CONFIG: file };
    const fromFile = await lab.start(['job', 'list'], { ...env, GROVE_URL: '' }).finished;
    expect(fromFile.err).toContain('No farm answers at http://127.0.0.1:1');
    expect((await lab.start(['job', 'list'], env).finished).code).toBe(0);
    const flag = await lab.start(['job', 'list', '--url', 'http://127.0.0.1:2'], env).finished;
    expect(flag.err).toContain('No farm answers at http://127.0.0.1:2');
  });
});

describe.concurrent('an agent', () => {
  it('will not connect beyond this machine', async () => {
    const { code, err } = await elsewhere('agent', 'run', '--agent-url', 'grpc://10.0.0.1:4701');
    expect(code).toBe(1);
    expect(err).toContain('"10.0.0.1:4701"');
    expect(err).toContain('(connect-refused)');
  });

  it('is alone on its data folder', async () => {
    const agent = await lab.startAgent('lab-a');
    const { code, err } = await lab.grove('agent', 'run', '--agent-url', `grpc://${lab.grpcAddress}`, '--data', agent.folder);
    expect(code).toBe(1);
    expect(err).toContain(`(process ${agent.process.pid})`);
    expect(err).toContain('(already-running)');
  });
});

describe.concurrent('a command line', () => {
  it.each([
    [['job', 'list', '--colour'], "unknown option '--colour'"],
    [['submit'], "missing required argument 'recipe'"],
    [['submit', 'trtrtx', '--tier', 'quick'], 'smoke, standard, ranked'],
    [['submit', 'trtrtx', '--launches', '0'], 'positive whole number'],
    [['submit', 'trtrtx', '--where', 'pool > 3 x'], 'column'],
    [['up', '--port', '70000'], 'between 0 and 65535'],
    [['job', 'list', '--url', 'ftp://x'], 'not an http(s) address'],
    [['job', 'list', '--limit', 'many'], '--limit'],
  ])('%j ends with 2 and says what is wrong', async (args, words) => {
    const { code, out, err } = await lab.grove(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(words);
  });

  it('to a farm that is not there ends with 7', async () => {
    const { code, err } = await lab.grove('matrix', '--url', 'http://127.0.0.1:9');
    expect(code).toBe(7);
    expect(err).toContain('grove up');
    expect(err).toContain('(not-running)');
  });
});
