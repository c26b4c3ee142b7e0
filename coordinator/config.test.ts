import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCoordinatorConfig } from './config.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-config-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(yaml: string): Promise<string> {
  const path = join(folder, 'grove.yaml');
  await writeFile(path, yaml);
  return path;
}

describe('the coordinator’s settings', () => {
  it('are complete without any', async () => {
    const config = await loadCoordinatorConfig({}, {});
    expect(config).toMatchObject({ host: '127.0.0.1', restPort: 4700, grpcPort: 4701, logLevel: 'info' });
    expect(config.recipesFolder).toBe(resolve(import.meta.dirname, '../recipes'));
  });

  it('come from flags, then the environment, then the file', async () => {
    const configFile = await fileOf('coordinator:\n  restPort: 1\n  grpcPort: 2\n  logLevel: error\n');
    const env = { GROVE_CONFIG: configFile, GROVE_GRPC_PORT: '3', GROVE_LOG_LEVEL: 'warn', GROVE_DATA: folder };
    expect(await loadCoordinatorConfig({ logLevel: 'silent' }, env)).toMatchObject({
      restPort: 1,
      grpcPort: 3,
      logLevel: 'silent',
      dataFolder: folder,
    });
  });

  it.each([
    ['an unknown key', 'coordinator:\n  restPort: 1\n  grcpPort: 2\n', /grove\.yaml:3:.*unknown key "coordinator.grcpPort"/],
    ['a port out of range', 'coordinator:\n  restPort: 70000\n', /grove\.yaml:2:/],
    ['an unknown section', 'cordinator: {}\n', /grove\.yaml:1:.*unknown key "cordinator"/],
  ])('are refused with the line: %s', async (_what, yaml, expected) => {
    await expect(loadCoordinatorConfig({ configFile: await fileOf(yaml) }, {})).rejects.toThrow(expected);
  });

  it('are refused with the variable', async () => {
    await expect(loadCoordinatorConfig({}, { GROVE_REST_PORT: 'many' })).rejects.toThrow(/GROVE_REST_PORT/);
  });
});

describe('notifications', () => {
  const SECRET = 'sixteen characters or more';
  const yaml = `coordinator:
  notifications:
    publicUrl: http://grove.lab:4700/somewhere
    webhooks: [{ url: 'https://chat.lab/hooks/1' }]
    email: { server: 'smtp://mail.lab', user: grove, from: grove@lab.test, to: [ann@lab.test] }
`;

  it('are nobody’s without a webhook or an address', async () => {
    expect((await loadCoordinatorConfig({}, {})).notifications).toBeNull();
    expect((await loadCoordinatorConfig({ configFile: await fileOf('coordinator:\n  notifications: {}\n') }, {})).notifications).toBeNull();
  });

  it('have their secrets from the environment and defaults for the rest', async () => {
    const env = { GROVE_WEBHOOK_SECRET: SECRET, GROVE_SMTP_PASSWORD: 'p' };
    const { notifications } = await loadCoordinatorConfig({ configFile: await fileOf(yaml) }, env);
    expect(notifications).toMatchObject({
      publicUrl: 'http://grove.lab:4700',
      reasons: ['regressed', 'fell-back', 'quarantined', 'no-data', 'oldest-wait'],
      webhooks: [{ url: 'https://chat.lab/hooks/1', secret: SECRET }],
      email: { host: 'mail.lab', port: 587, secure: false, login: { user: 'grove', password: 'p' } },
    });
  });

  it.each([
    ['no secret', yaml, { GROVE_SMTP_PASSWORD: 'p' }, /GROVE_WEBHOOK_SECRET/],
    ['a short secret', yaml, { GROVE_WEBHOOK_SECRET: 'short', GROVE_SMTP_PASSWORD: 'p' }, /16 characters/],
    ['no password', yaml, { GROVE_WEBHOOK_SECRET: SECRET }, /GROVE_SMTP_PASSWORD/],
    ['a password in the file', yaml.replace('chat.lab', 'u:p@chat.lab'), {}, /grove\.yaml:\d+:.*no user or password/],
    ['another protocol', yaml.replace('https:', 'file:'), {}, /grove\.yaml:\d+:/],
    ['what is no address', yaml.replace('[ann@lab.test]', "['a@b\\nBcc: c@d']"), {}, /grove\.yaml:\d+:/],
  ])('are refused: %s', async (_what, text, env, expected) => {
    await expect(loadCoordinatorConfig({ configFile: await fileOf(text) }, env)).rejects.toThrow(expected);
  });
});
