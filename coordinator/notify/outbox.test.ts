import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import type { Delivery, Notice } from '../../api/notifications.ts';
import { type Channel, DeliveryError } from './channel.ts';
import { NOTICE } from './notice.cases.ts';
import { Outbox } from './outbox.ts';

/** A channel that fails so often before it works. */
function channelThat(failures: number, isFinal = false) {
  const sent: Notice[] = [];
  let left = failures;
  const channel: Channel = {
    name: 'a channel',
    async deliver(notice) {
      left -= 1;
      if (left >= 0) throw new DeliveryError('not now', { isFinal });
      sent.push(notice);
    },
  };
  const clock = new VirtualClock();
  const delivered: Delivery[] = [];
  const failed: Delivery[] = [];
  const outbox = new Outbox({
    channels: [channel],
    clock,
    onDelivered: (one) => delivered.push({ ...one }),
    onFailed: (one) => failed.push({ ...one }),
  });
  return { outbox, clock, sent, delivered, failed };
}

const other = (id: string): Notice => ({ ...NOTICE, id });

describe('the outbox', () => {
  it('tries again with growing pauses, and keeps the order', async () => {
    const { outbox, clock, sent, delivered } = channelThat(3);
    outbox.send(NOTICE);
    outbox.send(other('job:j-2'));
    await settle();
    expect(outbox.deliveries.map(({ state, attempts, error }) => [state, attempts, error])).toEqual([
      ['waiting', 0, null],
      ['waiting', 1, 'not now'],
    ]);
    await clock.advance(2_000 + 10_000);
    expect(sent).toEqual([]);
    await clock.advance(60_000);
    expect(sent.map(({ id }) => id)).toEqual(['job:j-1', 'job:j-2']);
    expect(delivered.map(({ attempts }) => attempts)).toEqual([4, 1]);
  });

  it('gives up in the end, and goes on with the next', async () => {
    const { outbox, clock, sent, failed } = channelThat(6);
    outbox.send(NOTICE);
    outbox.send(other('job:j-2'));
    await clock.advance(24 * 3_600_000);
    expect(failed).toMatchObject([{ noticeId: 'job:j-1', state: 'failed', attempts: 6, error: 'not now' }]);
    expect(sent.map(({ id }) => id)).toEqual(['job:j-2']);
  });

  it('does not repeat what the other side refuses', async () => {
    const { outbox, clock, failed } = channelThat(1, true);
    outbox.send(NOTICE);
    await clock.advance(1_000);
    expect(failed).toMatchObject([{ attempts: 1 }]);
  });

  it('is bounded: what does not fit is given up at once', async () => {
    const { outbox, failed } = channelThat(Number.POSITIVE_INFINITY);
    for (let index = 0; index < 130; index++) outbox.send(other(`job:${index}`));
    await settle();
    expect(failed).toHaveLength(30);
    expect(outbox.deliveries).toHaveLength(100);
  });

  it('ends an attempt that takes too long, and sends nothing once it is stopped', async () => {
    const clock = new VirtualClock();
    const attempts: AbortSignal[] = [];
    const hanging: Channel = {
      name: 'hangs',
      deliver: (_, signal) => {
        attempts.push(signal);
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))));
      },
    };
    const outbox = new Outbox({ channels: [hanging], clock, onDelivered: () => {}, onFailed: () => {} });
    outbox.send(NOTICE);
    await clock.advance(30_000);
    expect(outbox.deliveries).toMatchObject([{ state: 'waiting', attempts: 1, error: 'cut' }]);
    await clock.advance(2_000);
    await outbox.stop();
    await clock.advance(3_600_000);
    expect(attempts).toHaveLength(2);
  });
});
