import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../domain/errors.ts';
import { readMachineConfig } from '../platform/config-file.ts';
import { defaultDataFolder } from '../platform/data-folder.ts';
import { CATALOGUE_FOLDER } from '../platform/installation.ts';
import { type AccessConfig, completeAccessConfig } from './access-config.ts';
import { type ArtifactsConfig, artifactsFileSchema, artifactsOfUrl, completeArtifactsConfig } from './artifacts/artifacts-config.ts';
import { completeNotifyConfig, type NotifyConfig, notifyFileSchema } from './notify/notify-config.ts';
import { assertArtifactsShared, completeStoreConfig, type StoreConfig, storeFileSchema } from './store/store-config.ts';

/** The coordinator's settings with every default filled in; nothing else in it reads the environment. */
export interface CoordinatorConfig {
  /** Absolute. The coordinator keeps `farm.json` and everything below `coordinator/` in it. */
  readonly dataFolder: string;
  /** Address of both servers. */
  readonly host: string;
  /** Who may use the farm, and under which address others reach it. */
  readonly access: AccessConfig;
  /** Port of the API and the pages; 0 takes a free one. */
  readonly restPort: number;
  /** Port agents connect to; 0 takes a free one. */
  readonly grpcPort: number;
  /** Absolute: the catalogue. */
  readonly recipesFolder: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where tasks, jobs and agents are kept. */
  readonly store: StoreConfig;
  /** Where models, reports and other blobs are kept. */
  readonly artifacts: ArtifactsConfig;
  /** Whom to tell of regressions and troubles; null: nobody. */
  readonly notifications: NotifyConfig | null;
}

const portSchema = z.coerce.number().pipe(z.int().min(0).max(65_535));

/** `true` and `false` of a file; of a variable also `1` and `0`. */
const flagSchema = z.union([z.boolean(), z.enum(['1', 'true', '0', 'false']).transform((text) => text === '1' || text === 'true')]);

/** The `coordinator` section of the configuration file; every entry is optional. */
export const coordinatorFileSchema = z.strictObject({
  dataFolder: z.string().min(1).exactOptional(),
  host: z.string().min(1).max(255).exactOptional(),
  listen: z.string().min(1).max(255).exactOptional(),
  publicUrl: z.string().min(1).max(300).exactOptional(),
  insecure: flagSchema.exactOptional(),
  restPort: portSchema.exactOptional(),
  grpcPort: portSchema.exactOptional(),
  recipesFolder: z.string().min(1).exactOptional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).exactOptional(),
  store: storeFileSchema.exactOptional(),
  artifacts: artifactsFileSchema.exactOptional(),
  notifications: notifyFileSchema.exactOptional(),
});
export type CoordinatorSettings = z.infer<typeof coordinatorFileSchema>;

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = {
  dataFolder: 'GROVE_DATA',
  host: 'GROVE_HOST',
  listen: 'GROVE_LISTEN',
  publicUrl: 'GROVE_PUBLIC_URL',
  insecure: 'GROVE_INSECURE',
  restPort: 'GROVE_REST_PORT',
  grpcPort: 'GROVE_GRPC_PORT',
  recipesFolder: 'GROVE_RECIPES',
  logLevel: 'GROVE_LOG_LEVEL',
} as const satisfies Record<Exclude<keyof CoordinatorSettings, 'artifacts' | 'store' | 'notifications'>, string>;

export interface CoordinatorFlags extends CoordinatorSettings {
  /** YAML file; default `GROVE_CONFIG`. */
  readonly configFile?: string;
  /** `http://HOST:PORT/BUCKET[/PREFIX]` in place of an `artifacts` entry; default `GROVE_S3_URL`. */
  readonly s3Url?: string;
  /** `redis://HOST:PORT/DATABASE` in place of a `store` entry; default `GROVE_REDIS_URL`. */
  readonly redisUrl?: string;
}

/**
 * Settings from flags, then the environment, then the `coordinator` section of the YAML file, then defaults. Throws `invalid-config` naming the file
 * and line, or the variable.
 */
export async function loadCoordinatorConfig(flags: CoordinatorFlags = {}, env: Environment = process.env): Promise<CoordinatorConfig> {
  const { configFile, s3Url, redisUrl, ...given } = flags;
  const file = await readSection(configFile ?? env['GROVE_CONFIG']);
  const settings: CoordinatorSettings = { ...file, ...readEnvironment(env), ...given };
  const s3 = s3Url ?? env['GROVE_S3_URL'];
  const artifacts = s3 ? artifactsOfUrl(s3, s3Url === undefined ? 'environment variable GROVE_S3_URL' : '--s3') : settings.artifacts;
  const store = await completeStoreConfig(settings.store, { url: redisUrl, env });
  const completeArtifacts = await completeArtifactsConfig(artifacts, env);
  assertArtifactsShared(store, completeArtifacts);
  return {
    dataFolder: resolve(settings.dataFolder ?? defaultDataFolder({ platform: process.platform, home: homedir(), env })),
    host: settings.listen ?? settings.host ?? '127.0.0.1',
    access: completeAccessConfig(settings),
    restPort: settings.restPort ?? 4700,
    grpcPort: settings.grpcPort ?? 4701,
    recipesFolder: resolve(settings.recipesFolder ?? CATALOGUE_FOLDER),
    logLevel: settings.logLevel ?? 'info',
    store,
    artifacts: completeArtifacts,
    notifications: await completeNotifyConfig(settings.notifications, env),
  };
}

async function readSection(path: string | undefined): Promise<CoordinatorSettings> {
  const { data, section } = await readMachineConfig(path, { name: 'coordinator', schema: coordinatorFileSchema });
  return { ...(data !== undefined && { dataFolder: data }), ...section };
}

function readEnvironment(env: Environment): CoordinatorSettings {
  const given = Object.entries(VARIABLES).flatMap(([key, name]) => (env[name] ? [[key, env[name]] as const] : []));
  const parsed = coordinatorFileSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = String(issue?.path[0] ?? '');
  const variable = Object.entries(VARIABLES).find(([name]) => name === key)?.[1] ?? key;
  throw new GroveError('invalid-config', { where: `environment variable ${variable}`, problem: issue?.message ?? 'it is not valid' });
}
