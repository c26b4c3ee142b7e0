import { z } from 'zod';
import { dataColumnsShape } from './data-columns.ts';
import { GroveError } from './errors.ts';
import { digestOf, type Sha256 } from './json.ts';
import { sha256Schema } from './names.ts';

/** A blob in the artifact store, addressed by its content. */
export const blobSchema = z.strictObject({ sha256: sha256Schema, sizeBytes: z.int().min(0) });
export type Blob = z.infer<typeof blobSchema>;

/** Most files a manifest may list. */
export const MAX_MANIFEST_FILES = 4096;

const RESERVED_WINDOWS_NAME = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/**
 * Whether a relative path is safe to create under any folder on any platform: `/`-separated, no empty, `.` or `..` segment, no drive letter, back-slash,
 * control character, trailing dot or space, or Windows device name.
 */
export function isPortablePath(path: string): boolean {
  if (path.length === 0 || path.length > 400) return false;
  return path.split('/').every(isPortableSegment);
}

function isPortableSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..' || segment.length > 200) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must be refused
  if (/[\u0000-\u001f\u007f\\:*?"<>|]/.test(segment)) return false;
  return !/[. ]$/.test(segment) && !RESERVED_WINDOWS_NAME.test(segment);
}

/** Throws `unsafe-path` unless {@link isPortablePath}. */
export function assertPortablePath(path: string): void {
  if (!isPortablePath(path)) throw new GroveError('unsafe-path', { path });
}

export const portablePathSchema = z.string().refine(isPortablePath, 'not a portable relative path');

/** Files of a folder: relative path -> blob. */
export const filesSchema = z
  .record(portablePathSchema, blobSchema)
  .refine((files) => Object.keys(files).length <= MAX_MANIFEST_FILES, `more than ${MAX_MANIFEST_FILES} files`);
export type FileMap = z.infer<typeof filesSchema>;

/** Rows that replace or fill the source of one data_config. */
export const dataEntrySchema = z.strictObject({
  /** Path of the rows inside the manifest's `files`. */
  path: portablePathSchema,
  ...dataColumnsShape,
  /** `local`: given by the submitter, shown as `data: local`; `hub`: the recipe's own data set, pinned. */
  origin: z.enum(['local', 'hub']),
});
export type DataEntry = z.infer<typeof dataEntrySchema>;

/** Folder of a source that holds the model which a submitter named to compare outputs with. */
export const REFERENCE_MODEL_FOLDER = 'grove_reference';

/**
 * Everything a conversion reads, pinned by content: the model folder and the selected data rows. Its digest enters the conversion key, so two
 * submits of equal bytes share one conversion wherever they came from.
 */
export const sourceManifestSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Model files at the root, data rows under `data/`. */
  files: filesSchema,
  data: z.record(z.string().regex(/^[A-Za-z0-9_]{1,100}$/), dataEntrySchema),
});
export type SourceManifest = z.infer<typeof sourceManifestSchema>;

export function sourceDigest(manifest: SourceManifest, sha256: Sha256): string {
  return digestOf(manifest, sha256);
}

/** Git's own name for "no commit": in a hub source's origin until its resolve task has pinned the revision, and of an imported model of which nobody knows it. */
export const NO_REVISION = '0'.repeat(40);

const commitSchema = z.string().regex(/^[0-9a-f]{40}$/);

/** Where a source came from: provenance, never part of a key. */
export const sourceOriginSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hub'),
    id: z.string().max(200),
    revision: commitSchema,
    /** Commits that rows were taken from, by name of their data config. */
    dataRevisions: z.record(z.string().max(100), commitSchema).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('local') }),
]);
export type SourceOrigin = z.infer<typeof sourceOriginSchema>;

/** `cross-encoder/ms-marco-MiniLM-L-6-v2` for a hub model, `local:<12 hex>` for an uploaded folder (digest of the model files alone, without data). */
export function modelIdOf(manifest: SourceManifest, origin: SourceOrigin, sha256: Sha256): string {
  if (origin.kind === 'hub') return origin.id;
  const dataPaths = new Set(Object.values(manifest.data).map((entry) => entry.path));
  const isModel = (path: string): boolean => !dataPaths.has(path) && !path.startsWith(`${REFERENCE_MODEL_FOLDER}/`);
  const modelFiles = Object.fromEntries(Object.entries(manifest.files).filter(([path]) => isModel(path)));
  return `local:${digestOf(modelFiles, sha256).slice(0, 12)}`;
}

/** A converted model: the files a benchmark fetches. `model.onnx` is always among them. */
export const modelArtifactSchema = z.strictObject({ schemaVersion: z.literal(1), files: filesSchema });

/** Tokenised evaluation inputs and the fp32 CPU outputs of the export before any later pass. */
export const referenceArtifactSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Digest of {export digest, evaluation-data digest, tokenisation, ORT version}. */
  key: sha256Schema,
  files: filesSchema,
});
