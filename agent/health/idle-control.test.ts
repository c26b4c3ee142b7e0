import { beforeEach, describe, expect, it } from 'vitest';
import { CPU_EP } from '../../domain/names.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import { IdleControl } from './idle-control.ts';

const MINUTE = 60_000;
const eps = (...names: readonly string[]) => names.map((name) => ({ name, version: '1', libraryDigest: null }));
const DEVICES = [
  deviceOf('lab/cpu0', { eps: eps(CPU_EP) }),
  deviceOf('lab/npu0', { class: 'npu', eps: eps('QNNExecutionProvider', CPU_EP) }),
  deviceOf('lab/npu1', { class: 'npu', emulated: true, eps: eps('QNNExecutionProvider') }),
];

let clock: VirtualClock;
let measured: string[];
let idle: boolean;
/** Ends the measurement under way. */
let finish: () => void;
let control: IdleControl;

beforeEach(() => {
  clock = new VirtualClock();
  measured = [];
  idle = true;
  control = new IdleControl({
    devices: DEVICES,
    clock,
    isIdle: () => idle,
    measure: (device, ep, signal) => {
      measured.push(`${device.name} ${ep}`);
      return new Promise((resolve) => {
        finish = resolve;
        signal.addEventListener('abort', () => resolve());
      });
    },
  });
});

async function tick(byMs: number): Promise<void> {
  control.consider();
  await clock.advance(byMs);
  control.consider();
}

describe('an idle machine', () => {
  it('measures one provider after another once it has been idle for a while, and emulators never', async () => {
    await tick(9 * MINUTE);
    expect(measured).toEqual([]);
    await tick(MINUTE);
    await tick(MINUTE);
    expect(measured).toEqual([`lab/cpu0 ${CPU_EP}`]);
    finish();
    await tick(MINUTE);
    finish();
    await tick(MINUTE);
    expect(measured).toEqual([`lab/cpu0 ${CPU_EP}`, 'lab/npu0 QNNExecutionProvider']);
    await tick(60 * MINUTE);
    expect(measured).toHaveLength(3);
  });

  it('begins to count anew after each task', async () => {
    await tick(9 * MINUTE);
    idle = false;
    await tick(MINUTE);
    idle = true;
    await tick(9 * MINUTE);
    expect(measured).toEqual([]);
  });

  it('ends a measurement for work that comes, and begins with it again', async () => {
    await tick(10 * MINUTE);
    expect(measured).toHaveLength(1);
    await control.giveWay();
    await tick(10 * MINUTE);
    expect(measured).toEqual([`lab/cpu0 ${CPU_EP}`, `lab/cpu0 ${CPU_EP}`]);
  });

  it('ends a measurement when the machine takes no work any more, and begins with it again', async () => {
    await tick(10 * MINUTE);
    expect(control.measuring).toBe(true);
    idle = false;
    await tick(MINUTE);
    expect(control.measuring).toBe(false);
    idle = true;
    await tick(10 * MINUTE);
    expect(measured).toEqual([`lab/cpu0 ${CPU_EP}`, `lab/cpu0 ${CPU_EP}`]);
  });

  it('keeps work waiting for nothing where nothing is measured', async () => {
    await control.giveWay();
    expect(measured).toEqual([]);
  });
});
