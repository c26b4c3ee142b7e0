import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ExternalResult } from '../../domain/imported-result.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';

let server: FarmServer;

beforeEach(async () => {
  server = await startFarmServer();
});
afterEach(() => server.close());

function resultOf(device: number, modelId = 'net'): ExternalResult {
  return {
    tool: 'csv',
    deviceClass: 'npu',
    ...{ modelId, variant: 'fp16', deviceModel: `NPU ${device}`, ep: 'QNNExecutionProvider', latencyMs: 5, isMean: true },
    ...{ minMs: null, maxMs: null, p90Ms: null, p99Ms: null, samples: 100, throughputPerSecond: null, ortVersion: null },
  };
}

it('takes results of a hundred columns, and refuses an import that would need more as a whole', async () => {
  const { client } = server;
  await client.importResults({ results: Array.from({ length: 100 }, (_, device) => resultOf(device)) });
  await client.importResults({ results: [resultOf(7, 'other'), resultOf(8)] });
  await expect(client.importResults({ results: [resultOf(9, 'other'), resultOf(100)] })).rejects.toMatchObject({
    code: 'invalid-request',
    message: expect.stringContaining('101 columns'),
  });
  expect((await client.importedResults()).results.map(({ modelId }) => modelId).filter((modelId) => modelId === 'other')).toHaveLength(1);
});

it('removes the results that are equal in everything given, says which and who did it', async () => {
  const { client, log } = server;
  await client.importResults({ results: [resultOf(1), resultOf(2), resultOf(1, 'other')] });
  const names = async () => (await client.importedResults()).results.map(({ modelId, deviceModel }) => `${modelId} ${deviceModel}`);
  const select = { modelId: 'net', deviceModel: 'NPU 1' };
  expect((await client.removeResults({ select, dryRun: true })).results).toMatchObject([select]);
  expect(await names()).toHaveLength(3);
  expect((await client.removeResults({ select })).results).toMatchObject([{ ...select, importedBy: 'local' }]);
  expect(await names()).toEqual(['net NPU 2', 'other NPU 1']);
  expect((await client.removeResults({ select })).results).toEqual([]);
  expect(log.removed).toEqual([{ by: 'local', select, results: 1 }]);
  expect((await client.removeResults({ select: { tool: 'csv' } })).results).toHaveLength(2);
  expect(await names()).toEqual([]);
});

it('does not remove results that nobody has named', async () => {
  const { client } = server;
  await client.importResults({ results: [resultOf(1)] });
  await expect(client.removeResults({ select: {} })).rejects.toMatchObject({
    code: 'invalid-request',
    message: expect.stringContaining('at least one'),
  });
  expect((await client.importedResults()).results).toHaveLength(1);
});
