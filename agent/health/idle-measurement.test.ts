import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DeviceState } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { Spawner } from '../../domain/ports.ts';
import { systemFiles } from '../../platform/files.ts';
import { deviceOf, hostOf } from '../../test/farm/devices.ts';
import { completeAgentConfig } from '../config.ts';
import { createAgentLog } from '../log-events.ts';
import { ChildRegistry } from '../runner/child-registry.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { idleMeasurement } from './idle-measurement.ts';

const SILENT: DeviceState = { temperatureC: null, utilization: null, freeMemoryBytes: null, powerSource: 'unknown', powerMode: 'unknown' };

/** Whether a process was started on a machine where only a program can tell what it runs on. */
async function starts(powerSource: DeviceState['powerSource']): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-idle-'));
  const clock = new VirtualClock();
  const log = createAgentLog('error', { write: () => true });
  let started = false;
  const spawner: Spawner = {
    spawn() {
      started = true;
      throw new Error('it would run now');
    },
  };
  const registry = new ChildRegistry({ folder: join(folder, 'children'), files: systemFiles, clock, log });
  const measure = idleMeasurement({
    config: completeAgentConfig({ dataFolder: folder }, { env: {}, token: null }),
    probe: { host: hostOf('lab') },
    states: { readOne: async (_device, tools) => (tools === 'none' ? SILENT : { ...SILENT, powerSource }) },
    children: { spawner, registry, clock, childMain: 'child-main.js', env: {} },
    clock,
    log,
  });
  await measure(deviceOf('lab/cpu0'), CPU_EP, new AbortController().signal);
  expect(await readdir(join(folder, 'work')).catch(() => [])).toEqual([]);
  await rm(folder, { recursive: true });
  return started;
}

it('begins on mains and never on battery, and leaves no files', async () => {
  expect([await starts('ac'), await starts('battery')]).toEqual([true, false]);
});
