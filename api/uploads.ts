import { z } from 'zod';
import { filesSchema } from '../domain/manifest.ts';
import { sha256Schema } from '../domain/names.ts';

/** Files the client would like to store: path -> digest and size. Paths only help messages; blobs are stored by digest. */
export const uploadRequestSchema = z.strictObject({ files: filesSchema });

const headersSchema = z.record(z.string().max(200), z.string().max(4_000));

/** A short-lived permission to move exactly one blob. */
export const grantSchema = z.object({
  sha256: sha256Schema,
  present: z.boolean().describe('The store has it already: nothing to send, `url` is empty.'),
  url: z.string().max(4_000).describe('PUT the bytes here.'),
  headers: headersSchema.describe('Headers to send with the bytes.'),
  parts: z
    .array(z.object({ firstByte: z.int().min(0), sizeBytes: z.int().min(1), url: z.string().max(4_000), headers: headersSchema }))
    .default([])
    .describe('Of a large blob: PUT these ranges, each to its own URL. Ranges that the store has already are left out.'),
  confirm: z
    .boolean()
    .default(false)
    .describe(
      'Once all is sent, ask for the same blob again, until it is `present`; nothing to send means that the store is still proving it.',
    ),
});

/** Where to send what is absent. */
export const uploadAnswerSchema = z.object({ grants: z.array(grantSchema).describe('One per distinct digest.') });
export type UploadAnswer = z.infer<typeof uploadAnswerSchema>;
