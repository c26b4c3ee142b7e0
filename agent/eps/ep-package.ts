import { z } from 'zod';
import { sha256Schema } from '../../domain/names.ts';
import { EXECUTION_PROVIDERS } from '../../engine/runtime/execution-providers.ts';

/** `qnn@2.7.0`: id of the provider and version of the package. */
const packageIdSchema = z.string().regex(/^[a-z][a-z-]{0,30}@[A-Za-z0-9][A-Za-z0-9._+-]{0,60}$/, 'must look like qnn@2.7.0');

/** One installed execution provider package, as it is recorded beside its files. */
export const epPackageSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: packageIdSchema,
  ep: z.enum(EXECUTION_PROVIDERS),
  version: z.string().min(1).max(62),
  /** `plugin`: a library that any newer ONNX Runtime registers. `build`: an ONNX Runtime with the provider compiled in. */
  kind: z.enum(['plugin', 'build']),
  /** Absolute folder of the files: the agent's own copy, or where the system keeps them. */
  folder: z.string().min(1),
  /** The plug-in, or the library that brings the provider to the build; `/`-separated below the folder. */
  library: z.string().min(1),
  /** SHA-256 of that library. */
  libraryDigest: sha256Schema,
  /** Of a build: its ONNX Runtime library, below the folder. */
  ort: z.string().min(1).exactOptional(),
  /** Options that name files of the package, `/`-separated below the folder. */
  options: z.record(z.string(), z.string()),
  /** What it was made of: a file name, a folder, `winml:QNN`. */
  source: z.string().max(1_000),
  sizeBytes: z.number().min(0),
});
export type EpPackage = z.infer<typeof epPackageSchema>;
