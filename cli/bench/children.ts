import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeAgentConfig } from '../../agent/config.ts';
import { createAgentLog } from '../../agent/log-events.ts';
import { type ChildHost, type ChildWork, defaultChildMain, runInChild } from '../../agent/runner/child-process-stage.ts';
import { ChildRegistry } from '../../agent/runner/child-registry.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { createSpawner } from '../../platform/spawner.ts';
import type { CommandContext } from '../context.ts';

/** Runs the agent's stage processes for a command that works without a farm. */
export interface LocalChildren {
  /** Scratch folder, removed by `close`. */
  readonly folder: string;
  run<Result>(work: Pick<ChildWork<Result>, 'stage' | 'request' | 'result' | 'timeoutMs'>): Promise<Result>;
  /** An empty folder below it. */
  makeFolder(name: string): Promise<string>;
  close(): Promise<void>;
}

/** The same fresh, killable, networkless processes an agent measures in. */
export async function openLocalChildren({ env, interrupted, terminal }: CommandContext): Promise<LocalChildren> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-local-'));
  const clock = createSystemClock();
  const log = createAgentLog('silent', process.stderr);
  const registry = new ChildRegistry({ folder: join(folder, 'children'), files: systemFiles, clock, log });
  await systemFiles.makeFolder(join(folder, 'children'));
  const host: ChildHost = {
    spawner: createSpawner(),
    registry,
    clock,
    childMain: defaultChildMain(),
    env: completeAgentConfig({}, { env, token: null }).childEnv,
  };
  const observer = { signal: interrupted, log: (line: string) => isFrame(line) || terminal.error(line), progress: () => undefined };
  return {
    folder,
    run: (work) => runInChild(host, { ...work, deviceName: 'here/cpu0', cwd: folder }, observer),
    makeFolder: async (name) => {
      const path = join(folder, name);
      await systemFiles.makeFolder(path);
      return path;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A line of a stack: of use in an agent's log, noise in front of the error that a command ends with. */
function isFrame(line: string): boolean {
  return /^\s+at .+:\d+:\d+\)?$/.test(line);
}
