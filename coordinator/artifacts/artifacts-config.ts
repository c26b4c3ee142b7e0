import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { readSecret } from '../../platform/read-secret.ts';
import type { S3Credentials } from './s3/presign.ts';
import type { S3Settings } from './s3/s3-settings.ts';

/** Where artifacts are kept. */
export type ArtifactsConfig =
  | { readonly kind: 'fs' }
  | { readonly kind: 's3'; readonly settings: S3Settings; readonly credentials: S3Credentials };

const originSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => isOrigin(url), 'only scheme, host and port, as in https://s3.lab:9000');

/** The `artifacts` entry of the `coordinator` section. Access keys come from the environment, never from the file. */
export const artifactsFileSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fs') }),
  z.strictObject({
    kind: z.literal('s3'),
    endpoint: originSchema,
    publicEndpoint: originSchema.exactOptional(),
    region: z.string().min(1).max(100).exactOptional(),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'not a bucket name'),
    prefix: z
      .string()
      .max(300)
      .regex(/^(?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]*$/, 'words of letters, digits, ".", "_" and "-", separated by "/"')
      .exactOptional(),
    pathStyle: z.boolean().exactOptional(),
    createBucket: z.boolean().exactOptional(),
    caFile: z.string().min(1).exactOptional(),
  }),
]);
export type ArtifactsFile = z.infer<typeof artifactsFileSchema>;

/** `http://HOST:PORT/BUCKET[/PREFIX]` as settings; the bucket is made when it is missing. Throws `invalid-config`, never with a secret that the URL holds. */
export function artifactsOfUrl(text: string, where: string): ArtifactsFile {
  if (!URL.canParse(text)) throw new GroveError('invalid-config', { where, problem: 'it is no URL' });
  const url = new URL(text);
  const [, bucket = '', ...rest] = url.pathname.split('/');
  if (url.username !== '' || url.password !== '' || url.search !== '')
    throw new GroveError('invalid-config', { where, problem: 'access keys do not belong into the URL: give them in the environment' });
  const parsed = artifactsFileSchema.safeParse({ kind: 's3', endpoint: url.origin, bucket, prefix: rest.join('/'), createBucket: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GroveError('invalid-config', { where, problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not valid'}` });
}

/** Fills in defaults and reads the access keys. Throws `invalid-config` without them. */
export async function completeArtifactsConfig(
  file: ArtifactsFile | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ArtifactsConfig> {
  if (file === undefined || file.kind === 'fs') return { kind: 'fs' };
  const { endpoint, bucket, prefix = '' } = file;
  const settings: S3Settings = {
    endpoint: new URL(endpoint).origin,
    publicEndpoint: new URL(file.publicEndpoint ?? endpoint).origin,
    region: file.region ?? 'us-east-1',
    bucket,
    prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
    pathStyle: file.pathStyle ?? true,
    createBucket: file.createBucket ?? false,
    caFile: file.caFile ?? null,
  };
  const [accessKeyId, secretAccessKey] = [await needed('GROVE_S3_ACCESS_KEY_ID', env), await needed('GROVE_S3_SECRET_ACCESS_KEY', env)];
  return { kind: 's3', settings, credentials: { accessKeyId, secretAccessKey } };
}

async function needed(name: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const secret = await readSecret(name, env);
  if (secret === null)
    throw new GroveError('invalid-config', { where: `environment variable ${name}`, problem: `it or ${name}_FILE is needed for S3` });
  return secret;
}

function isOrigin(text: string): boolean {
  const url = new URL(text);
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
}
