import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../domain/errors.ts';
import { readConfigFile } from '../platform/config-file.ts';
import { defaultDataFolder } from '../platform/data-folder.ts';

/** Port a coordinator serves its API and pages on unless told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:4700';

/** One file may configure every process: the command line reads its own section and leaves the others to their owners. */
const fileSchema = z.strictObject({
  cli: z.strictObject({ url: z.url({ protocol: /^https?$/ }).exactOptional(), data: z.string().min(1).exactOptional() }).exactOptional(),
  coordinator: z.unknown().exactOptional(),
  agent: z.unknown().exactOptional(),
});

/** Where the farm is and where this machine keeps its data. */
export interface CliConfig {
  readonly url: string;
  /** Absolute. */
  readonly dataFolder: string;
  /** The configuration file in use, for the mains that read their own part of it. */
  readonly configFile: string | undefined;
}

export interface CliFlags {
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

/** Resolves flag > environment > file > default. Throws `invalid-config` for a URL that is none. */
export async function readCliConfig(flags: CliFlags, env: Readonly<Record<string, string | undefined>>): Promise<CliConfig> {
  const configFile = flags.config ?? env.GROVE_CONFIG;
  const file = configFile === undefined ? {} : ((await readConfigFile(configFile, fileSchema)).cli ?? {});
  const url = flags.url ?? env.GROVE_URL ?? file.url ?? DEFAULT_URL;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new GroveError('invalid-config', { where: 'url', problem: `"${url}" is not an http(s) address` });
  const data = env.GROVE_DATA ?? file.data ?? defaultDataFolder({ platform: process.platform, home: homedir(), env });
  return { url: url.replace(/\/$/, ''), dataFolder: resolve(data), configFile };
}
