import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { GroveError } from '../domain/errors.ts';
import { readMachineConfig } from '../platform/config-file.ts';
import { defaultDataFolder } from '../platform/data-folder.ts';

/** Port a coordinator serves its API and pages on unless told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:4700';

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

/** Resolves flag > environment > file > default; an empty variable counts as unset. Throws `invalid-config` for a URL that is none. */
export async function readCliConfig(flags: CliFlags, env: Readonly<Record<string, string | undefined>>): Promise<CliConfig> {
  const configFile = flags.config ?? (env.GROVE_CONFIG || undefined);
  const file = await readMachineConfig(configFile);
  const url = flags.url ?? (env.GROVE_URL || file.url) ?? DEFAULT_URL;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new GroveError('invalid-config', { where: 'url', problem: `"${url}" is not an http(s) address` });
  const data = (env.GROVE_DATA || file.data) ?? defaultDataFolder({ platform: process.platform, home: homedir(), env });
  return { url: url.replace(/\/$/, ''), dataFolder: resolve(data), configFile };
}
