import { z } from 'zod';
import { publicKeySchema } from '../domain/evidence.ts';

/** What the farm signs evidence bundles with. */
export const farmKeySchema = z.object({
  algorithm: z.literal('ed25519'),
  keyId: z.string().describe('The first 16 hexadecimal digits of the SHA-256 of the 32 bytes.'),
  publicKey: publicKeySchema.describe('The 32 bytes in base64url.'),
  pem: z.string().max(1_000).describe('The same key as SPKI in PEM.'),
});
export type FarmKey = z.infer<typeof farmKeySchema>;
