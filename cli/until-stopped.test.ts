import { describe, expect, it } from 'vitest';
import { untilStopped } from './until-stopped.ts';

const forEver = new Promise<never>(() => {});

describe('untilStopped', () => {
  it('stops the part when the user interrupts', async () => {
    const reasons: string[] = [];
    const controller = new AbortController();
    const waiting = untilStopped({ done: forEver, stop: async (reason) => void reasons.push(reason) }, controller.signal);
    controller.abort();
    await waiting;
    expect(reasons).toEqual(['interrupted']);
  });

  it('tells of a stop that fails instead of waiting for an end that never comes', async () => {
    const failing = { done: forEver, stop: () => Promise.reject(new Error('the disk is full')) };
    await expect(untilStopped(failing, AbortSignal.abort())).rejects.toThrow('the disk is full');
  });

  it('returns when the part ends by itself', async () => {
    const stop = () => Promise.reject(new Error('nobody asked'));
    await untilStopped({ done: Promise.resolve(), stop }, new AbortController().signal);
  });
});
