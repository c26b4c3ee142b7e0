import { beforeEach, describe, expect, it } from 'vitest';
import { GroveError } from '../domain/errors.ts';
import { Readiness } from './readiness.ts';

describe('Readiness', () => {
  let space: GroveError | undefined;
  let wedged: GroveError | undefined;
  let closed: GroveError | undefined;
  let readiness: Readiness;
  beforeEach(() => {
    [space, wedged, closed] = [undefined, undefined, undefined];
    const cache = {
      assertSpace: async () => {
        if (space !== undefined) throw space;
      },
    };
    const registry = {
      get wedged() {
        return wedged;
      },
      review: async () => {},
    };
    const gates = {
      get problem() {
        return closed;
      },
    };
    readiness = new Readiness({ cache, registry, gates });
  });

  it('comes and goes with disk space', async () => {
    space = new GroveError('low-disk', { where: '/data', freeBytes: 1, neededBytes: 2 });
    await readiness.refresh();
    expect(readiness.status).toMatchObject({ state: 'not-ready', why: expect.stringContaining('/data has 1 bytes free') });
    space = undefined;
    await readiness.refresh();
    expect([readiness.status, readiness.refusal]).toEqual([{ state: 'ready', why: '' }, undefined]);
  });

  it('ends with a device that is stuck in its driver', async () => {
    wedged = new GroveError('device-wedged', { pid: 7, stage: 'launch', deviceName: 'lab/npu0' });
    await readiness.refresh();
    expect(readiness.refusal?.code).toBe('device-wedged');
    expect(readiness.status.why).toMatch(/lab\/npu0 .* Restart the machine/);
  });

  it('comes and goes with a closed gate', async () => {
    closed = new GroveError('gate-closed', { why: 'it is 99 °C hot' });
    await readiness.refresh();
    expect(readiness.status).toMatchObject({ state: 'not-ready', why: expect.stringMatching(/99 °C hot.* by itself/) });
    closed = undefined;
    await readiness.refresh();
    expect(readiness.status.state).toBe('ready');
  });

  it('stays draining whatever else happens', async () => {
    readiness.drain('upgrade');
    readiness.drain('later');
    await readiness.refresh();
    expect(readiness.status).toEqual({ state: 'draining', why: 'upgrade' });
    expect(readiness.refusal?.code).toBe('agent-shutdown');
  });
});
