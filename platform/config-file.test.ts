import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig, readConfigFile } from './config-file.ts';

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
