import { z } from 'zod';
import type { RedisLink, RedisLog } from '../../store/redis/connect.ts';
import type { Broadcast } from '../broadcast.ts';
import { type Notice, noticeSchema } from '../notice.ts';

const envelopeSchema = z.strictObject({ from: z.string().max(200), notice: noticeSchema });

export interface RedisBroadcastOptions {
  readonly link: RedisLink;
  /** What every name of the farm begins with. */
  readonly prefix: string;
  readonly coordinatorId: string;
  readonly log: RedisLog;
}

/** Notices over one channel of the farm. What is sent while Redis is away is lost. */
export async function openRedisBroadcast({ link, prefix, coordinatorId, log }: RedisBroadcastOptions): Promise<Broadcast> {
  const channel = `${prefix}notices`;
  const listeners = new Set<(notice: Notice) => void>();
  const subscriber = link.dedicated('notices');
  subscriber.on('message', (_channel: string, text: string) => {
    const envelope = read(text);
    if (envelope === undefined) log('notice-unreadable', { sizeBytes: text.length });
    else if (envelope.from !== coordinatorId) for (const listener of listeners) listener(envelope.notice);
  });
  await link.run(() => subscriber.subscribe(channel));
  return {
    send: (notice) => {
      const text = JSON.stringify({ from: coordinatorId, notice });
      void link
        .run((client) => client.publish(channel, text))
        .catch((error) => log('notice-lost', { type: notice.type, problem: String(error) }));
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** A coordinator of another version may know other notices. */
function read(text: string): z.infer<typeof envelopeSchema> | undefined {
  try {
    return envelopeSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
