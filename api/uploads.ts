import { z } from 'zod';
import { filesSchema } from '../domain/manifest.ts';
import { sha256Schema } from '../domain/names.ts';

/** Files the client would like to store: path -> digest and size. Paths only help messages; blobs are stored by digest. */
export const uploadRequestSchema = z.strictObject({ files: filesSchema });

/** A short-lived permission to move exactly one blob. */
export const grantSchema = z.object({
  sha256: sha256Schema,
  present: z.boolean().describe('The store has it already: nothing to send, `url` is empty.'),
  url: z.string().max(4_000).describe('PUT the bytes here.'),
  headers: z.record(z.string().max(200), z.string().max(4_000)).describe('Headers to send with the bytes.'),
});

/** Where to send what is absent. */
export const uploadAnswerSchema = z.object({ grants: z.array(grantSchema).describe('One per distinct digest.') });
export type UploadAnswer = z.infer<typeof uploadAnswerSchema>;
