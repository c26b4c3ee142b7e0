import { existsSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { boundedText, type CompiledModel, compiledModelSchema } from '../../domain/report.ts';
import { epContextNodes } from '../inspect/ep-context.ts';
import { COMPILED_EP, COMPILED_EP_VERSION } from '../onnx/metadata-names.ts';
import { readModelFile } from '../onnx/read.ts';
import { writeModelFile } from '../onnx/write.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { openSession, sessionSpecSchema } from './session-spec.ts';

/** A model that the execution provider of a session is to compile. */
export const compileRequestSchema = z.strictObject({
  /** Options and configuration entries the recipe gives are in it. */
  session: sessionSpecSchema,
  embedContext: z.boolean(),
  /** Of the provider, as the device's profile has it. */
  epVersion: z.string(),
  /** Where the compiled model goes; its folder is made and holds nothing else. */
  outPath: z.string().min(1),
});
export type CompileRequest = z.infer<typeof compileRequestSchema>;

export const compileOutcomeSchema = compiledModelSchema;

/**
 * Has ONNX Runtime write what an execution provider compiled: an ONNX file whose EPContext nodes hold it or name the files beside it. Who made it is written into the file's
 * metadata, because a session with another version of the provider would not always say. Throws `no-ep-context` with the provider's reason, and `ep-unavailable`.
 */
export async function compileModel(request: CompileRequest, runtime: InferenceRuntime): Promise<CompiledModel> {
  const { session, outPath, epVersion } = request;
  await mkdir(dirname(outPath), { recursive: true });
  const durationMs = await writeContext(request, runtime);
  if (!existsSync(outPath)) throw noContext(session.ep, 'it wrote no model: it took no node of it, or does not keep what it compiles');
  const model = await readModelFile(outPath);
  const parts = epContextNodes(model.graph, dirname(outPath));
  const [first] = parts;
  if (first === undefined) throw noContext(session.ep, 'what it wrote has no compiled part: it took no node of the model');
  model.metadata.set(COMPILED_EP, session.ep);
  model.metadata.set(COMPILED_EP_VERSION, epVersion);
  await writeModelFile(model, outPath);
  return {
    ep: session.ep,
    epVersion,
    sdkVersion: boundedText(first.sdkVersion),
    hardware: boundedText(first.hardware),
    parts: parts.length,
    embedded: request.embedContext,
    sizeBytes: await sizeOf(dirname(outPath)),
    durationMs,
  };
}

/** Making the session is compiling. Returns how long it took. */
async function writeContext({ session, embedContext, outPath }: CompileRequest, runtime: InferenceRuntime): Promise<number> {
  const config = {
    ...session.settings.config,
    'ep.context_enable': '1',
    'ep.context_embed_mode': embedContext ? '1' : '0',
    'ep.context_file_path': outPath,
  };
  const started = performance.now();
  try {
    await (await openSession(runtime, session, { config })).close();
  } catch (error) {
    if (error instanceof GroveError && error.code === 'session-failed') throw noContext(session.ep, error.message, error);
    throw error;
  }
  return performance.now() - started;
}

function noContext(ep: string, why: string, cause?: unknown): GroveError {
  return new GroveError('no-ep-context', { ep, why }, { cause });
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
