import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { GroveError } from '../domain/errors.ts';
import { readMachineConfig } from '../platform/config-file.ts';
import { defaultDataFolder } from '../platform/data-folder.ts';
import { readSecret } from '../platform/read-secret.ts';
import { type Context, readContexts } from './contexts.ts';

/** Port a coordinator serves its API and pages on unless told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:4700';

/** Where the farm is and where this machine keeps its data. */
export interface CliConfig {
  readonly url: string;
  /** Shown to the farm; null for one that asks nobody. */
  readonly token: string | null;
  /** PEM of the farm's authority, trusted beside the public ones. */
  readonly authority: string | null;
  /** Absolute. */
  readonly dataFolder: string;
  /** The configuration file in use, for the mains that read their own part of it. */
  readonly configFile: string | undefined;
}

export interface CliFlags {
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Resolves flag > environment > file > the farm logged in to > default; an empty variable counts as unset. The token and authority of a context go with its
 * address only. Throws `invalid-config` for a URL that is none.
 */
export async function readCliConfig(flags: CliFlags, env: Environment): Promise<CliConfig> {
  const configFile = flags.config ?? (env.GROVE_CONFIG || undefined);
  const file = await readMachineConfig(configFile);
  const dataFolder = resolve((env.GROVE_DATA || file.data) ?? defaultDataFolder({ platform: process.platform, home: homedir(), env }));
  const { current, contexts } = await readContexts(dataFolder);
  const selected = contexts.find(({ name }) => name === current);
  const given = flags.url ?? (env.GROVE_URL || file.url) ?? selected?.url ?? DEFAULT_URL;
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    throw new GroveError('invalid-config', { where: 'url', problem: `"${given}" is not an http(s) address` });
  const url = given.replace(/\/$/, '');
  const known = [selected, ...contexts].find((context) => context?.url === url);
  return { url, dataFolder, configFile, ...(await credentialsOf(known, env)) };
}

async function credentialsOf(known: Context | undefined, env: Environment): Promise<Pick<CliConfig, 'token' | 'authority'>> {
  const path = env['GROVE_CA_FILE'];
  return {
    token: (await readSecret('GROVE_TOKEN', env)) ?? known?.token ?? null,
    authority: path ? await readAuthority(path) : (known?.authority ?? null),
  };
}

async function readAuthority(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GroveError('invalid-config', { where: 'GROVE_CA_FILE', problem: `${path} cannot be read` }, { cause });
  });
}
