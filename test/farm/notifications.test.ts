import { afterEach, expect, it } from 'vitest';
import { createClient } from '../../api/client.ts';
import { noticeSchema } from '../../api/notifications.ts';
import { startReceiver } from '../../coordinator/notify/notice.cases.ts';
import { signature } from '../../coordinator/notify/webhook.ts';
import { GROVE_WEBHOOK_SECRET, TestCoordinator } from './test-coordinator.ts';

let stop: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const one of stop) await one();
  stop = [];
});

it('a configured webhook gets a signed test, and the farm tells how its delivery went', async () => {
  const receiver = await startReceiver();
  stop.push(() => receiver.close());
  const coordinator = await TestCoordinator.start(1, { notifications: { webhooks: [{ url: receiver.url }] } });
  stop.push(() => coordinator.remove());
  const client = createClient({ url: coordinator.running.url });
  expect(await client.notifications()).toMatchObject({ channels: [`webhook ${new URL(receiver.url).origin}`], deliveries: [] });
  await client.testNotifications();
  await receiver.until(1);
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
  expect(noticeSchema.parse(JSON.parse(body))).toMatchObject({ kind: 'test', items: [] });
  const expected = signature(GROVE_WEBHOOK_SECRET, String(headers['x-grove-timestamp']), body);
  expect(headers['x-grove-signature']).toBe(`sha256=${expected}`);
  await expect.poll(async () => (await client.notifications()).deliveries[0]?.state, { timeout: 30_000 }).toBe('delivered');
});

it('a farm without channels says so', async () => {
  const coordinator = await TestCoordinator.start();
  stop.push(() => coordinator.remove());
  const client = createClient({ url: coordinator.running.url });
  expect((await client.notifications()).channels).toEqual([]);
  await expect(client.testNotifications()).rejects.toMatchObject({ code: 'invalid-request' });
});
