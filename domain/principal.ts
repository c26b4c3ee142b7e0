import { z } from 'zod';
import { nameSchema } from './names.ts';

/**
 * Who asks for something. Every command carries one, also on a farm without accounts, where it is the local user: fair share, audit and permissions
 * hang on it later without a change of signatures.
 */
export const principalSchema = z.strictObject({
  kind: z.enum(['local', 'user', 'agent', 'system']),
  name: nameSchema,
});
export type Principal = z.infer<typeof principalSchema>;

/** The one person of a farm that listens on loopback only. */
export const LOCAL_PRINCIPAL: Principal = { kind: 'local', name: 'local' };

/** The coordinator itself: reapers, follow-up tasks. */
export const SYSTEM_PRINCIPAL: Principal = { kind: 'system', name: 'coordinator' };
