import { z } from 'zod';
import { NOTICE_REASONS, type NoticeReason, noticeReasonSchema } from '../../api/notifications.ts';
import { GroveError } from '../../domain/errors.ts';
import { readSecret } from '../../platform/read-secret.ts';

/** Whom to tell of what; secrets filled in. */
export interface NotifyConfig {
  /** Origin that people reach the pages under; null: notices carry no links. */
  readonly publicUrl: string | null;
  readonly reasons: readonly NoticeReason[];
  readonly noDataDays: number;
  readonly oldestWaitMinutes: number;
  readonly webhooks: readonly WebhookSettings[];
  readonly email: EmailSettings | null;
}

export interface WebhookSettings {
  readonly url: string;
  /** Key of the signature. */
  readonly secret: string;
}

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps:`); else STARTTLS, where the server offers it or a password is sent. */
  readonly secure: boolean;
  readonly login: { readonly user: string; readonly password: string } | null;
  readonly from: string;
  readonly to: readonly string[];
}

const addressSchema = z
  .string()
  .max(320)
  .regex(/^[^\s<>,;:"@]+@[^\s<>,;:"@]+$/, 'an address like lab@example.com');

/** A URL without credentials: those come from the environment. */
const urlSchema = (protocol: RegExp) =>
  z
    .url({ protocol })
    .max(2_000)
    .refine((url) => new URL(url).username === '' && new URL(url).password === '', 'no user or password in the URL');

/** The `notifications` entry of the `coordinator` section. The webhook secret and the mail password come from the environment, never from the file. */
export const notifyFileSchema = z.strictObject({
  publicUrl: urlSchema(/^https?$/).exactOptional(),
  reasons: z.array(noticeReasonSchema).min(1).exactOptional(),
  noDataDays: z.number().min(0.01).max(3_650).exactOptional(),
  oldestWaitMinutes: z.number().min(1).max(100_000).exactOptional(),
  webhooks: z
    .array(z.strictObject({ url: urlSchema(/^https?$/) }))
    .max(10)
    .exactOptional(),
  email: z
    .strictObject({
      server: urlSchema(/^smtps?$/),
      user: z.string().min(1).max(320).exactOptional(),
      from: addressSchema,
      to: z.array(addressSchema).min(1).max(50),
    })
    .exactOptional(),
});
export type NotifyFile = z.infer<typeof notifyFileSchema>;

const SECRET = 'GROVE_WEBHOOK_SECRET';
const PASSWORD = 'GROVE_SMTP_PASSWORD';
/** Shorter ones can be guessed from one signed message. */
const MIN_SECRET_CHARS = 16;

/** Fills in defaults and reads the secrets; null without a way to tell anybody. Throws `invalid-config` without a secret that is needed. */
export async function completeNotifyConfig(
  file: NotifyFile | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<NotifyConfig | null> {
  if (file === undefined || ((file.webhooks ?? []).length === 0 && file.email === undefined)) return null;
  const secret = (file.webhooks ?? []).length === 0 ? '' : await needed(SECRET, 'webhooks', env);
  if (secret !== '' && secret.length < MIN_SECRET_CHARS)
    throw invalid(SECRET, `a webhook's secret has at least ${MIN_SECRET_CHARS} characters`);
  return {
    publicUrl: file.publicUrl === undefined ? null : new URL(file.publicUrl).origin,
    reasons: file.reasons ?? NOTICE_REASONS,
    noDataDays: file.noDataDays ?? 7,
    oldestWaitMinutes: file.oldestWaitMinutes ?? 60,
    webhooks: (file.webhooks ?? []).map(({ url }) => ({ url, secret })),
    email: file.email === undefined ? null : await emailSettings(file.email, env),
  };
}

async function emailSettings(
  { server, user, from, to }: NonNullable<NotifyFile['email']>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<EmailSettings> {
  const { protocol, hostname, port } = new URL(server);
  const secure = protocol === 'smtps:';
  const defaultPort = secure ? 465 : 587;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? defaultPort : Number(port),
    secure,
    login: user === undefined ? null : { user, password: await needed(PASSWORD, 'the mail server', env) },
    from,
    to,
  };
}

async function needed(name: string, what: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const secret = await readSecret(name, env);
  if (secret === null) throw invalid(name, `it or ${name}_FILE is needed for ${what}`);
  return secret;
}

function invalid(name: string, problem: string): GroveError {
  return new GroveError('invalid-config', { where: `environment variable ${name}`, problem });
}
