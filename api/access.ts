import { z } from 'zod';
import { roleSchema } from '../domain/access.ts';
import { auditEntrySchema } from '../domain/audit.ts';
import { idSchema, nameSchema } from '../domain/names.ts';

/** Of a browser that has logged in. */
export const SESSION_COOKIE = 'grove-session';

const pemSchema = z.string().min(1).max(20_000);
const DAY_MS = 24 * 3_600_000;

/** The certificate that proves the farm, for who has its fingerprint. */
export const authorityViewSchema = z.strictObject({
  certificate: pemSchema.describe('PEM. Compare its SHA-256 with what `grove up` printed.'),
});
export type AuthorityView = z.infer<typeof authorityViewSchema>;

export const enrolRequestSchema = z.strictObject({
  token: z.string().min(1).max(200).describe('Of a join string.'),
  request: pemSchema.describe('PKCS 10 certificate request, PEM. Its common name is the name of the agent.'),
  instanceId: idSchema.describe("The agent's data folder: the certificate is good for no other."),
});

export const enrolAnswerSchema = z.strictObject({
  agentId: nameSchema,
  certificate: pemSchema,
  agentUrl: z.string().max(4_000).describe('Where the agent connects: one address a coordinator, separated by commas.'),
});

/** Who asks. */
export const callerViewSchema = z.strictObject({
  name: nameSchema,
  role: roleSchema,
  expiresAt: z.number().nullable().describe('Null on a farm that asks nobody.'),
});
export type CallerView = z.infer<typeof callerViewSchema>;

export const openSessionRequestSchema = z.strictObject({ token: z.string().min(1).max(200) });

export const createTokenRequestSchema = z.strictObject({
  name: nameSchema.describe('Who acts with it.'),
  role: roleSchema,
  forMs: z
    .int()
    .min(60_000)
    .max(3_650 * DAY_MS)
    .default(90 * DAY_MS),
});
export type CreateTokenRequest = z.input<typeof createTokenRequestSchema>;

const apiTokenViewSchema = z.strictObject({
  id: idSchema,
  name: nameSchema,
  role: roleSchema,
  madeAt: z.number(),
  madeBy: nameSchema,
  expiresAt: z.number(),
});

export const freshTokenSchema = apiTokenViewSchema.extend({ token: z.string().describe('Told once and kept nowhere.') });
export type FreshTokenView = z.infer<typeof freshTokenSchema>;

export const apiTokenListSchema = z.strictObject({ tokens: z.array(apiTokenViewSchema) });
export type ApiTokenList = z.infer<typeof apiTokenListSchema>;

/** Machines that one join string may take in, unless told otherwise. */
const DEFAULT_USES = 10;

export const createJoinRequestSchema = z.strictObject({
  uses: z.int().min(1).max(1_000).default(DEFAULT_USES).describe('Machines it takes in.'),
  forMs: z
    .int()
    .min(60_000)
    .max(7 * DAY_MS)
    .default(3_600_000),
});
export type CreateJoinRequest = z.input<typeof createJoinRequestSchema>;

export const joinViewSchema = z.strictObject({
  joinString: z.string().describe('For `grove agent run --join`. Told once.'),
  expiresAt: z.number(),
  uses: z.int(),
});
export type JoinView = z.infer<typeof joinViewSchema>;

export const revokedSchema = z.strictObject({ revoked: z.string() });
export type Revoked = z.infer<typeof revokedSchema>;

export const auditListSchema = z.strictObject({ entries: z.array(auditEntrySchema) });
export type AuditList = z.infer<typeof auditListSchema>;
