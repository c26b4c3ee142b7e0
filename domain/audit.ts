import { z } from 'zod';
import { roleSchema } from './access.ts';
import { principalSchema } from './principal.ts';

/** Who changed what on the farm, when and from where. Kept in order; never holds a token or a request's body. */
export const auditEntrySchema = z.strictObject({
  /** Milliseconds since 1970-01-01 UTC. */
  at: z.number(),
  who: principalSchema,
  /** Null for whoever has none: an agent, or somebody unknown. */
  role: roleSchema.nullable(),
  /** Operation of the API or protocol, for example `submit`. */
  what: z.string().max(100),
  /** What it was done to, for example a job; empty when the operation has no object. */
  object: z.string().max(300),
  /** Address of the other end of the connection. */
  from: z.string().max(100),
  /** `ok`, or the code of the error it ended with. */
  outcome: z.string().max(60),
  requestId: z.string().max(100),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
