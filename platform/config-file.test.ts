import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfigFile, readMachineConfig } from './config-file.ts';
import { parseConfig } from './parse-config.ts';

const schema = z.strictObject({ url: z.url().exactOptional(), agent: z.strictObject({ name: z.string() }).exactOptional() });

describe('a configuration file', () => {
  test('yields its values', () => {
    expect(parseConfig('url: http://127.0.0.1:4700\nagent:\n  name: lab-1\n', 'f.yaml', schema)).toEqual({
      url: 'http://127.0.0.1:4700',
      agent: { name: 'lab-1' },
    });
  });

  test('may be empty', () => {
    expect(parseConfig('', 'f.yaml', schema)).toEqual({});
  });

  test('with an unknown key is refused with the line of the key', () => {
    expect(() => parseConfig('url: http://a\nagent:\n  name: x\n  nmae: y\n', 'f.yaml', schema)).toThrow(
      /f\.yaml:4:3.*unknown key "agent.nmae"/,
    );
  });

  test('with a wrong value is refused with its line', () => {
    expect(() => parseConfig('\nurl: 7\n', 'f.yaml', schema)).toThrow(/f\.yaml:2:1/);
  });

  test('that is not YAML is refused with line and column', () => {
    expect(() => parseConfig('url: [1,\n', 'f.yaml', schema)).toThrow(/f\.yaml:\d+:\d+/);
  });

  test('that is absent is refused by name', async () => {
    await expect(readConfigFile('/absent/grove.yaml', schema)).rejects.toMatchObject({ code: 'invalid-config' });
  });
});

describe('the configuration of a machine', () => {
  const agent = { name: 'agent', schema: z.strictObject({ name: z.string() }) } as const;
  let path: string;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'grove-machine-config-')), 'grove.yaml');
  });
  afterEach(() => rm(dirname(path), { recursive: true }));

  test('gives a process the shared entries and its own section, and leaves the others alone', async () => {
    await writeFile(path, 'data: /srv/grove\nagent: { name: lab-1 }\ncoordinator: { whatever: 1 }\n');
    expect(await readMachineConfig(path, agent)).toMatchObject({ data: '/srv/grove', section: { name: 'lab-1' } });
    expect(await readMachineConfig(undefined, agent)).toEqual({ section: undefined });
  });

  test('refuses an unknown entry and a mistake in the section, each with its line', async () => {
    await writeFile(path, 'dta: /srv\n');
    await expect(readMachineConfig(path, agent)).rejects.toMatchObject({ message: expect.stringMatching(/:1:1.*dta/) });
    await writeFile(path, 'agent:\n  nmae: x\n');
    await expect(readMachineConfig(path, agent)).rejects.toMatchObject({ message: expect.stringMatching(/agent/) });
  });
});
