import { join } from 'node:path';
import type { OptimizationLevel, SessionSettings } from '../inference-runtime.ts';
import type { OrtApi, Pointer } from './ort-api.ts';

/** ONNX Runtime's numbers. */
const LEVELS: Readonly<Record<OptimizationLevel, number>> = { disabled: 0, basic: 1, extended: 2, layout: 3, all: 99 };
const MODES = { sequential: 0, parallel: 1 } as const;
const LOG_ERRORS = 3;
const PROFILE_PREFIX = 'profile';

/** Applies settings to native session options. Throws OrtError. */
export function applySettings(api: OrtApi, options: Pointer, settings: SessionSettings): void {
  const { intraOpThreads, interOpThreads, executionMode, optimizationLevel, optimizedModelPath, profileFolder, config = {} } = settings;
  if (intraOpThreads !== undefined) api.call('SetIntraOpNumThreads', options, intraOpThreads);
  if (interOpThreads !== undefined) api.call('SetInterOpNumThreads', options, interOpThreads);
  if (executionMode !== undefined) api.call('SetSessionExecutionMode', options, MODES[executionMode]);
  if (optimizationLevel !== undefined) api.call('SetSessionGraphOptimizationLevel', options, LEVELS[optimizationLevel]);
  if (optimizedModelPath !== undefined) api.call('SetOptimizedModelFilePath', options, optimizedModelPath);
  if (profileFolder !== undefined) api.call('EnableProfiling', options, join(profileFolder, PROFILE_PREFIX));
  if (settings.quiet === true) api.call('SetSessionLogSeverityLevel', options, LOG_ERRORS);
  for (const [key, value] of Object.entries(config)) api.call('AddSessionConfigEntry', options, key, value);
}
