import { join } from 'node:path';
import type { DeviceState } from '../../domain/device.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Grant } from '../../domain/protocol.ts';
import type { Assignment } from '../../domain/task.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';
import { completeAgentConfig } from '../config.ts';
import { createAgentLog } from '../log-events.ts';
import type { ChildStage } from './child-entry.ts';
import { ModelCache } from './model-cache.ts';
import type { TaskContext } from './stage.ts';

/** What a test gives a stage; everything else is plain. */
export interface ContextParts {
  readonly folder: string;
  readonly hubUrl?: string;
  readonly signal?: AbortSignal;
  readonly lines?: string[];
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Served in the test's own process, where a task has a process of its own. Default: none. */
  readonly stages?: Readonly<Record<string, ChildStage>>;
  grants(direction: 'put' | 'get', blobs: readonly Blob[]): readonly Grant[];
}

/** A machine that tells nothing of itself. */
const STATE: DeviceState = { temperatureC: null, utilization: null, freeMemoryBytes: null, powerSource: 'unknown', powerMode: 'unknown' };

/** A context for one stage, with a cache and scratch of its own below `folder`. Stages that start processes name them in `stages`. */
export async function stageContext(parts: ContextParts): Promise<TaskContext> {
  const { folder, hubUrl, signal, lines, stages = {}, grants, clock = createSystemClock() } = parts;
  const log = createAgentLog('silent', { write: () => {} });
  const settings = { dataFolder: folder, ...(hubUrl !== undefined && { hub: { endpoint: hubUrl } }) };
  const config = completeAgentConfig(settings, { env: {}, token: 'hf_test' });
  const cache = await ModelCache.open({ folder: join(folder, 'cache'), maxBytes: 1_000_000_000, minFreeBytes: 0, clock, log });
  return {
    ...{
      config,
      clock,
      cache,
      random: systemRandom,
      agentVersion: '0',
      folder: join(folder, 'work'),
      signal: signal ?? new AbortController().signal,
    },
    assignment: {} as Assignment,
    device: { name: 'lab/cpu0', profile: {} as TaskContext['device']['profile'] },
    host: {} as TaskContext['host'],
    readState: async () => STATE,
    log: (line) => void lines?.push(line),
    progress: () => {},
    atEnd: () => {},
    grants: async (direction, blobs) => grants(direction, blobs),
    inChild: async ({ stage, request, result }) => {
      const served = stages[stage];
      if (served === undefined) throw new Error(`this context has no stage ${stage}`);
      return result.parse(await served(request, { signal: new AbortController().signal, log: () => {}, progress: () => {} }));
    },
  };
}
