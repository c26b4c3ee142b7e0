import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { nameSchema } from '../../domain/names.ts';
import { readSecret } from '../../platform/read-secret.ts';

/** Where tasks, jobs and agents are kept. */
export type StoreConfig =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'redis';
      /** `redis://host:port/database` or `rediss://...`; may hold a user name and a password. */
      readonly url: string;
      /** In place of one in the URL. */
      readonly password: string | null;
      /** Farms of one server, told apart by name. */
      readonly farm: string;
      /** PEM file of the authority that signed the server's certificate. */
      readonly caFile: string | null;
      /** Documents of jobs that ended this long ago move into the artifact store. */
      readonly archiveAfterDays: number;
    };

/** The `store` entry of the `coordinator` section. */
export const storeFileSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('memory') }),
  z.strictObject({
    kind: z.literal('redis'),
    url: z.string().min(1).max(2_000),
    farm: nameSchema.exactOptional(),
    caFile: z.string().min(1).exactOptional(),
    archiveAfterDays: z.int().min(1).max(3_650).exactOptional(),
  }),
]);
export type StoreFile = z.infer<typeof storeFileSchema>;

/** Several farms on one Redis are the exception. */
const DEFAULT_FARM = 'main';
const DEFAULT_ARCHIVE_DAYS = 30;

/**
 * The store of a coordinator: `url` (a flag), else `GROVE_REDIS_URL` or `GROVE_REDIS_URL_FILE`, else the file's entry, else memory. The password comes
 * from `GROVE_REDIS_PASSWORD` or `..._FILE`, if not from the URL. Throws `invalid-config` for a secret that cannot be read.
 */
export async function completeStoreConfig(
  file: StoreFile | undefined,
  { url, env }: { readonly url: string | undefined; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<StoreConfig> {
  const given = url ?? (await readSecret('GROVE_REDIS_URL', env));
  const entry = file?.kind === 'redis' ? file : undefined;
  const address = given ?? entry?.url;
  if (address === undefined) return { kind: 'memory' };
  const password = await readSecret('GROVE_REDIS_PASSWORD', env);
  const archiveAfterDays = entry?.archiveAfterDays ?? DEFAULT_ARCHIVE_DAYS;
  return { kind: 'redis', url: address, password, farm: entry?.farm ?? DEFAULT_FARM, caFile: entry?.caFile ?? null, archiveAfterDays };
}

/** Coordinators that share tasks must share what the tasks name. Throws `invalid-config`. */
export function assertArtifactsShared(store: StoreConfig, artifacts: { readonly kind: string }): void {
  if (store.kind === 'memory' || artifacts.kind !== 'fs') return;
  throw new GroveError('invalid-config', {
    where: 'artifacts',
    problem:
      'a farm on Redis needs artifacts that every coordinator reaches, not files of this machine: set artifacts to kind s3, or give --s3 or GROVE_S3_URL',
  });
}
