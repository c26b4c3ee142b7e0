import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from './config.ts';

describe('loadAgentConfig', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-config-'));
    path = join(folder, 'grove.yaml');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('prefers flags to the environment, that to the file, and that to defaults', async () => {
    await writeFile(
      path,
      'agent:\n  agentUrl: grpc://127.0.0.1:1\n  name: from-file\n  labels: { pool: lab }\ncoordinator: { restPort: 1 }\n',
    );
    const env = { GROVE_CONFIG: path, GROVE_AGENT_URL: 'grpc://127.0.0.1:2' };
    expect(await loadAgentConfig({}, env)).toMatchObject({
      agentUrl: 'grpc://127.0.0.1:2',
      name: 'from-file',
      labels: { pool: 'lab' },
      capabilities: [],
    });
    expect((await loadAgentConfig({ agentUrl: 'grpc://127.0.0.1:3' }, env)).agentUrl).toBe('grpc://127.0.0.1:3');
    expect((await loadAgentConfig({}, {})).agentUrl).toBeNull();
  });

  it('names file and line of an unknown key', async () => {
    await writeFile(path, 'agent:\n  name: a\n  cahce:\n    maxBytes: 1\n');
    await expect(loadAgentConfig({ configFile: path }, {})).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringMatching(/grove\.yaml:3:3.*agent\.cahce/),
    });
  });

  it('names the variable that is wrong', async () => {
    await expect(loadAgentConfig({}, { HF_ENDPOINT: 'not a url' })).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining('HF_ENDPOINT'),
    });
  });

  it('keeps its data below GROVE_DATA', async () => {
    expect((await loadAgentConfig({}, { GROVE_DATA: folder })).dataFolder).toBe(resolve(folder, 'agent'));
  });

  it('reads a token from the file that HF_TOKEN_FILE names, and gives it to no child', async () => {
    await writeFile(join(folder, 'token'), 'hf_secret\n');
    const config = await loadAgentConfig({}, { HF_TOKEN_FILE: join(folder, 'token'), HF_TOKEN: 'other', PATH: '/bin' });
    expect(config.hub.token).toBe('hf_secret');
    expect(config.childEnv).toMatchObject({ PATH: '/bin' });
    expect(JSON.stringify(config.childEnv)).not.toContain('hf_');
  });

  it('switches the hub off by `hub: off` or HF_HUB_OFFLINE, whatever else names one', async () => {
    await writeFile(path, 'agent:\n  hub: off\n  capabilities: [hub, other]\n');
    for (const env of [{}, { HF_ENDPOINT: 'http://mirror.lab' }]) {
      const config = await loadAgentConfig({ configFile: path }, env);
      expect(config.hub.isOff).toBe(true);
      expect(config.capabilities).toEqual(['other']);
    }
    expect((await loadAgentConfig({ capabilities: ['hub'] }, { HF_HUB_OFFLINE: '1' })).capabilities).toEqual([]);
    expect((await loadAgentConfig({ capabilities: ['hub'] }, { HF_HUB_OFFLINE: '0' })).capabilities).toEqual(['hub']);
  });

  it('takes proxies from the environment, and the file before it; an endpoint of the environment leaves them', async () => {
    const env = { https_proxy: 'http://a:1', HTTP_PROXY: 'http://b:2', NO_PROXY: 'lab', HF_ENDPOINT: 'http://mirror.lab/' };
    expect((await loadAgentConfig({}, env)).hub).toMatchObject({
      endpoint: 'http://mirror.lab',
      proxy: { http: 'http://b:2', https: 'http://a:1', exceptFor: 'lab' },
    });
    await writeFile(path, 'agent:\n  hub: { proxy: "http://c:3" }\n');
    expect((await loadAgentConfig({ configFile: path }, env)).hub).toMatchObject({
      endpoint: 'http://mirror.lab',
      proxy: { http: 'http://c:3', https: 'http://c:3', exceptFor: 'lab' },
    });
  });

  it('takes a proxy without a scheme, and names the variable of one that is none', async () => {
    expect((await loadAgentConfig({}, { HTTPS_PROXY: 'proxy.lab:3128' })).hub.proxy.https).toBe('http://proxy.lab:3128');
    await expect(loadAgentConfig({}, { HTTPS_PROXY: 'socks5://secret@lab' })).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('refuses a password in the address of the hub', async () => {
    await expect(loadAgentConfig({}, { HF_ENDPOINT: 'https://me:secret@mirror.lab' })).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringMatching(/^(?!.*secret).*HF_TOKEN/),
    });
  });
});
