import { z } from 'zod';
import { deviceProfileSchema } from './device.ts';
import { MAX_MANIFEST_FILES, portablePathSchema, sourceManifestSchema } from './manifest.ts';
import { idSchema, sha256Schema } from './names.ts';
import { benchmarkReportSchema } from './report.ts';
import { benchmarkSpecSchema, convertResultSchema, errorReportSchema, recipeRefSchema } from './task.ts';

/**
 * An evidence bundle: one result with everything it came from, in one archive. The first member lists every other one with its digest, the second signs
 * the first; so whoever trusts the farm's key can tell whether any byte is another.
 */

/** Lists the members; the first of the archive. */
export const MANIFEST_MEMBER = 'manifest.json';
/** Signs the bytes of {@link MANIFEST_MEMBER}; the second of the archive. */
export const SIGNATURE_MEMBER = 'signature.json';
/** The documents behind them. */
export const RECIPE_MEMBER = 'recipe.json';
export const RESULT_MEMBER = 'result.json';
export const CONVERSION_MEMBER = 'conversion.json';
export const ENVIRONMENT_MEMBER = 'environment.json';

/** Samples and profile of the report, the converted model, its Reference, and logs lie below these. */
export const ARTIFACTS_FOLDER = 'artifacts';
export const MODEL_FOLDER = 'model';
export const REFERENCE_FOLDER = 'reference';

/** Members of one bundle: a model, its Reference, the artifacts of a report, and some documents. */
const MAX_MEMBERS = 3 * MAX_MANIFEST_FILES + 16;
/** A manifest or a document in a bundle is no larger. */
export const MAX_DOCUMENT_BYTES = 16_777_216;

const memberSchema = z.strictObject({ path: portablePathSchema, sha256: sha256Schema, sizeBytes: z.int().min(0) });
export type EvidenceMember = z.infer<typeof memberSchema>;

const leftOutSchema = memberSchema.extend({
  /** `asked`: the bundle was made without the model. `not-stored`: the farm does not have it any more. */
  why: z.enum(['asked', 'not-stored']),
});
export type LeftOutMember = z.infer<typeof leftOutSchema>;

/** Members may neither share a name, on any file system, nor lie below another one. */
function areApart(members: readonly { readonly path: string }[]): boolean {
  const paths = members.map(({ path }) => path.normalize('NFC').toLowerCase());
  const known = new Set([...paths, MANIFEST_MEMBER, SIGNATURE_MEMBER]);
  const parents = paths.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index)));
  return known.size === paths.length + 2 && !parents.some((parent) => known.has(parent));
}

export const evidenceManifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  type: z.literal('grove-evidence'),
  /** Of the coordinator that made the bundle. */
  groveVersion: z.string().max(100),
  taskId: idSchema,
  /** In the order of the archive, without manifest and signature. */
  members: z.array(memberSchema).max(MAX_MEMBERS).refine(areApart, 'two members share a name'),
  /** What belongs to the result and is not in the archive. */
  leftOut: z.array(leftOutSchema).max(MAX_MEMBERS),
});
export type EvidenceManifest = z.infer<typeof evidenceManifestSchema>;

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** An Ed25519 public key (RFC 8032): its 32 bytes in base64url. */
export const publicKeySchema = base64url.length(43);
/** The first 16 hexadecimal digits of the SHA-256 of the key's bytes. */
const keyIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const evidenceSignatureSchema = z.strictObject({
  schemaVersion: z.literal(1),
  algorithm: z.literal('ed25519'),
  keyId: keyIdSchema,
  publicKey: publicKeySchema,
  /** Of the manifest's bytes as they lie in the archive: 64 bytes in base64url. */
  signature: base64url.length(86),
});
export type EvidenceSignature = z.infer<typeof evidenceSignatureSchema>;

const epochMs = z.number().min(0);
const text = z.string().max(300);

/** Who executed a task, and when. */
const evidenceAttemptSchema = z.strictObject({
  attempt: z.int().min(1),
  agentId: text,
  deviceName: text,
  acceptedAt: epochMs.nullable(),
  endedAt: epochMs.nullable(),
  state: z.enum(['completed', 'failed', 'exception', 'cancelled']).nullable(),
});

/** The benchmark: what was asked, who did it, and the whole report. */
export const evidenceResultSchema = z.strictObject({
  schemaVersion: z.literal(1),
  taskId: idSchema,
  jobIds: z.array(idSchema),
  submitter: z.string().max(200),
  createdAt: epochMs,
  endedAt: epochMs.nullable(),
  state: z.enum(['completed', 'failed', 'exception', 'cancelled']),
  error: errorReportSchema.nullable(),
  attempts: z.array(evidenceAttemptSchema),
  /** The recipe's text is a member of its own. */
  spec: benchmarkSpecSchema.extend({ recipe: recipeRefSchema.omit({ text: true }) }),
  /** Null when it ended before it measured. */
  report: benchmarkReportSchema.nullable(),
});
export type EvidenceResult = z.infer<typeof evidenceResultSchema>;

/** The conversion the benchmark measured. */
export const evidenceConversionSchema = z.strictObject({
  schemaVersion: z.literal(1),
  taskId: idSchema,
  conversionKey: sha256Schema,
  attempts: z.array(evidenceAttemptSchema),
  source: sourceManifestSchema,
  result: convertResultSchema.nullable(),
});
export type EvidenceConversion = z.infer<typeof evidenceConversionSchema>;

/** The machine: as the farm knows it when the bundle is made. */
export const evidenceEnvironmentSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Of the measurement; null without one. */
  environmentId: sha256Schema.nullable(),
  /** Null for a device the farm does not know any more. */
  device: z
    .strictObject({
      name: text,
      profile: deviceProfileSchema,
      agentVersion: text,
      host: z.strictObject({ hostName: text, osBuild: text, bios: text.nullable(), cpuCount: z.int(), memoryBytes: z.int() }),
      /** As it is now: equal to the measurement's unless the machine has changed since. */
      environmentId: sha256Schema,
    })
    .nullable(),
});
export type EvidenceEnvironment = z.infer<typeof evidenceEnvironmentSchema>;
