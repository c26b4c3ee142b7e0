import { afterEach, beforeEach, expect, it } from 'vitest';
import { newTask } from '../conformance/task-store/documents.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';

let server: FarmServer;

beforeEach(async () => {
  server = await startFarmServer();
});
afterEach(() => server.close());

it('is replaced as a whole, and shown with what is used of it', async () => {
  const { client, farm } = server;
  expect(await client.policy()).toEqual({
    policy: { weights: {}, quotas: { submitters: {}, pools: {} } },
    leases: { submitters: {}, pools: {} },
  });
  await client.setPolicy({ weights: { ann: 2 }, quotas: { perSubmitter: 1 } });
  await farm.hello('lab');
  await farm.submit([newTask('a-1')]);
  await farm.run('lab');
  expect(await client.policy()).toMatchObject({
    policy: { weights: { ann: 2 }, quotas: { perSubmitter: 1 } },
    leases: { submitters: { ann: 1 } },
  });
});

it('refuses weights and quotas that are none', async () => {
  const { client } = server;
  expect(await codeOf(client.setPolicy({ weights: { ann: 0 } }))).toBe('invalid-request');
  expect(await codeOf(client.setPolicy({ quotas: { perSubmitter: -1 } }))).toBe('invalid-request');
  expect(await codeOf(client.setPolicy(JSON.parse('{"wieghts": {}}')))).toBe('invalid-request');
});
