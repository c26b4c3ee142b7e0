import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toGroveError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import type { AgentConfig } from '../config.ts';
import type { Probe } from '../device/probe.ts';
import type { StateReader } from '../device/state/state-reader.ts';
import { findingsOf } from '../gates/gate-rules.ts';
import type { AgentLog } from '../log-events.ts';
import { type ChildHost, runInChild } from '../runner/child-process-stage.ts';
import { type ControlContext, refreshControl } from '../stages/control.ts';
import { plainSessionOf } from '../stages/target-passes.ts';
import type { IdleControlOptions } from './idle-control.ts';

/** What a measurement between tasks needs. */
export interface IdleMachine {
  readonly config: AgentConfig;
  readonly probe: Pick<Probe, 'host'>;
  readonly states: Pick<StateReader, 'readOne'>;
  readonly children: ChildHost;
  readonly clock: Clock;
  readonly log: Pick<AgentLog, 'controlNotMeasured'>;
}

/** Measures what is due, unless a gate has something to say of the machine: on battery, or beside somebody else's work, the number would tell of that. */
export function idleMeasurement({ config, probe, states, children, clock, log }: IdleMachine): IdleControlOptions['measure'] {
  return async (device, ep, signal) => {
    const folder = join(config.dataFolder, 'work', 'idle-control');
    const observer = { signal, log: () => {}, progress: () => {} };
    const inChild: ControlContext['inChild'] = (work) => runInChild(children, { ...work, deviceName: device.name, cwd: folder }, observer);
    try {
      const state = await states.readOne(device, 'recent');
      if (signal.aborted || findingsOf({ state, before: undefined, isIdle: true }, config.gates.limits).length > 0) return;
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      const context: ControlContext = { clock, config, device, folder, host: probe.host, inChild, log: () => {}, signal };
      await refreshControl(await plainSessionOf(ep, context), context);
    } catch (error) {
      if (!signal.aborted) log.controlNotMeasured({ deviceName: device.name, ep, why: toGroveError(error).message });
    } finally {
      // A process that has just ended may hold it for a moment; then the next measurement clears it away.
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    }
  };
}
