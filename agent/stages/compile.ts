import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DeviceProfile } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { CompiledModel } from '../../domain/report.ts';
import { type CompileRequest, compileOutcomeSchema } from '../../engine/benchmark/compile-model.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { MODEL_CONFIG_FILE } from '../../engine/convert/model-config.ts';
import type { CompilePlan } from '../../engine/passes/pass.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';

/** Folder of the attempt with what was compiled, and its name among the report's artifacts. */
export const COMPILED_FOLDER = 'compiled';

/** The session that loads what was compiled. */
export interface CompiledSession {
  readonly session: SessionSpec;
  readonly compiled: CompiledModel;
}

/** Has the provider of a session compile its model, in a process of its own. Throws `no-ep-context` and what opening a session throws. */
export async function compileHere(
  session: SessionSpec,
  plan: CompilePlan,
  context: Pick<TaskContext, 'config' | 'device' | 'folder' | 'inChild' | 'log'>,
): Promise<CompiledSession> {
  const outPath = join(context.folder, COMPILED_FOLDER, 'model.onnx');
  const config = { ...session.settings.config, ...plan.sessionConfig };
  const request: CompileRequest = {
    session: { ...session, settings: { ...session.settings, config } },
    embedContext: plan.embedContext,
    epVersion: epVersionOf(session.ep, context.device.profile),
    outPath,
  };
  const timeoutMs = context.config.timeoutMs.measure;
  const compiled = await context.inChild({ stage: 'compile', request: asJson(request), result: compileOutcomeSchema, timeoutMs });
  context.log(
    `${session.ep} ${compiled.epVersion} compiled the model in ${Math.round(compiled.durationMs)} ms: ${compiled.sizeBytes} bytes.`,
  );
  return { session: { ...session, modelPath: outPath }, compiled };
}

function epVersionOf(ep: string, { eps }: Pick<DeviceProfile, 'eps'>): string {
  return eps.find(({ name }) => name === ep)?.version ?? '';
}

/** Options the recipe gives for compiling, without those that name files of the machine's own package. */
export function compileOptions({ providerOptions }: CompilePlan, ep: SessionSpec['ep']): Readonly<Record<string, string>> {
  const { packageOptions } = EP_DEFINITIONS[ep];
  return Object.fromEntries(Object.entries(providerOptions).filter(([option]) => !Object.hasOwn(packageOptions, option)));
}

/** What `model_config.json` says of who compiled a model that came compiled. */
const compilerSchema = z.object({
  config: z.object({
    model_attributes: z.object({ ep: z.string().optional(), ep_version: z.string().optional(), sdk_version: z.string().optional() }),
  }),
});

const MAX_CONFIG_BYTES = 4 * 1_048_576;

/**
 * A model that another version of its provider compiled may load, and compute something else or crash. Throws `ep-bound-artifact` for one that says so; one that says nothing is left
 * to the provider.
 */
export async function assertSameCompiler(modelFolder: string, ep: string, profile: Pick<DeviceProfile, 'eps'>): Promise<void> {
  const attributes = await attributesIn(join(modelFolder, MODEL_CONFIG_FILE));
  if (attributes?.ep === undefined || attributes.ep_version === undefined) return;
  const here = epVersionOf(ep, profile);
  if (attributes.ep === ep && attributes.ep_version === here) return;
  const sdk = attributes.sdk_version === undefined ? '' : `, SDK ${attributes.sdk_version}`;
  throw new GroveError('ep-bound-artifact', {
    ep: `${attributes.ep} ${attributes.ep_version}${sdk}, which compiled it`,
    requested: `${ep} ${here}`,
  });
}

/** Undefined for a model without the file, or with one that says nothing of it. */
async function attributesIn(path: string) {
  const size = await stat(path).then(
    ({ size: bytes }) => bytes,
    () => undefined,
  );
  if (size === undefined || size > MAX_CONFIG_BYTES) return undefined;
  try {
    return compilerSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data?.config.model_attributes;
  } catch {
    return undefined;
  }
}
