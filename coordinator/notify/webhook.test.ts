import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { noticeSchema } from '../../api/notifications.ts';
import { NOTICE, startReceiver } from './notice.cases.ts';
import { guardedLookup, isRefusedAddress } from './refused-addresses.ts';
import { createWebhook } from './webhook.ts';

const SECRET = 'a secret of some length';
const signal = new AbortController().signal;
const clock = new VirtualClock();
let stop: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const one of stop) await one();
  stop = [];
});

async function receiver(statuses?: readonly number[]) {
  const started = await startReceiver(statuses);
  stop.push(() => started.close());
  return started;
}

describe('a webhook', () => {
  it('gets the notice as JSON with a signature that only the secret makes', async () => {
    const { url, received } = await receiver();
    await createWebhook({ url, secret: SECRET, clock }).deliver(NOTICE, signal);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(noticeSchema.parse(JSON.parse(body))).toEqual(NOTICE);
    const timestamp = headers['x-grove-timestamp'];
    expect(timestamp).toBe(String(clock.now() / 1_000));
    const expected = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
    expect([headers['x-grove-signature'], headers['x-grove-delivery']]).toEqual([`sha256=${expected}`, 'job:j-1']);
  });

  it('is not followed to another place, and a refusal is final', async () => {
    for (const status of [302, 307, 400, 401, 404]) {
      const { url, received } = await receiver([status]);
      await expect(createWebhook({ url, secret: SECRET, clock }).deliver(NOTICE, signal)).rejects.toMatchObject({ isFinal: true });
      expect(received).toHaveLength(1);
    }
  });

  it('may work again after trouble of the other side', async () => {
    for (const status of [429, 500, 503]) {
      const { url } = await receiver([status]);
      await expect(createWebhook({ url, secret: SECRET, clock }).deliver(NOTICE, signal)).rejects.toMatchObject({ isFinal: false });
    }
    const { url, close } = await startReceiver();
    await close();
    await expect(createWebhook({ url, secret: SECRET, clock }).deliver(NOTICE, signal)).rejects.toMatchObject({ isFinal: false });
  });

  it('shows nothing of its path, which often is a secret', () => {
    expect(createWebhook({ url: 'https://chat.lab/hooks/secret-word', secret: SECRET, clock }).name).toBe('webhook https://chat.lab');
  });

  it('is never sent to services of a hypervisor or of the network itself', async () => {
    for (const host of ['169.254.169.254', '[::ffff:169.254.169.254]', '[fe80::1]', '0.0.0.0', '224.0.0.1', '2852039166', '0xa9fea9fe']) {
      const hook = createWebhook({ url: `http://${host}/latest`, secret: SECRET, clock });
      await expect(hook.deliver(NOTICE, signal)).rejects.toMatchObject({ isFinal: true });
    }
    expect(['10.0.0.7', '192.168.1.2', '127.0.0.1', '::1', 'fd12::1', '203.0.113.9'].filter(isRefusedAddress)).toEqual([]);
  });

  it('is checked by the address that its name has when it is connected to', async () => {
    const found = await new Promise((resolve) => guardedLookup('localhost', {}, (error, address) => resolve([error, address])));
    expect(found).toEqual([null, expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]);
  });
});
