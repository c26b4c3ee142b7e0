import { z } from 'zod';
import { EXECUTION_PROVIDERS } from '../runtime/execution-providers.ts';
import type { InferenceRuntime, Session, SessionSettings } from '../runtime/inference-runtime.ts';
import { runtimeSpecSchema } from '../runtime/load-runtime.ts';

const threads = z.int().min(0).max(1024);

/** The session of a measurement, as it travels to the child that opens it. */
export const sessionSpecSchema = z.strictObject({
  /** Absolute path of the ONNX file, in this attempt's folder. */
  modelPath: z.string().min(1),
  ep: z.enum(EXECUTION_PROVIDERS),
  epOptions: z.record(z.string(), z.string()).default({}),
  settings: z
    .strictObject({
      intraOpThreads: threads.exactOptional(),
      interOpThreads: threads.exactOptional(),
      executionMode: z.enum(['sequential', 'parallel']).exactOptional(),
      optimizationLevel: z.enum(['disabled', 'basic', 'extended', 'layout', 'all']).exactOptional(),
      config: z.record(z.string(), z.string()).exactOptional(),
    })
    .default({}),
  /** Kind of device to run on; absent: the provider's first. */
  deviceClass: z.enum(['cpu', 'gpu', 'npu']).exactOptional(),
  /** Absent: the default of `loadRuntime`. */
  runtime: runtimeSpecSchema.exactOptional(),
});

export type SessionSpec = z.infer<typeof sessionSpecSchema>;

/** Opens the session a spec describes; `extra` settings win. */
export function openSession(runtime: InferenceRuntime, spec: SessionSpec, extra: SessionSettings = {}): Promise<Session> {
  return runtime.createSession({
    model: { path: spec.modelPath },
    ep: spec.ep,
    epOptions: spec.epOptions,
    ...(spec.deviceClass !== undefined && { deviceClass: spec.deviceClass }),
    settings: { ...spec.settings, ...extra },
  });
}

/** The settings as sent, flat, for the report: `{ ep, 'ep.device_id': '0', intraOpThreads: 4 }`. */
export function describeSession({
  ep,
  epOptions,
  settings,
  deviceClass,
  runtime,
}: SessionSpec): Record<string, string | number | boolean | null> {
  const { config = {}, ...plain } = settings;
  return {
    ep,
    ...(deviceClass !== undefined && { deviceClass }),
    ...(runtime?.epPackage !== undefined && { epPackage: runtime.epPackage.id, epLibraryDigest: runtime.epPackage.libraryDigest }),
    ...Object.fromEntries(Object.entries(epOptions).map(([option, value]) => [`ep.${option}`, value])),
    ...plain,
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [`config.${key}`, value])),
  };
}
