import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startFarm } from './start-farm.ts';

it('says that a farm is insecure, wherever that was configured', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'grove-insecure-'));
  const config = { dataFolder, configFile: undefined };
  const env = { GROVE_LISTEN: '127.0.0.1', GROVE_INSECURE: '1' };
  const farm = await startFarm({ config, withAgent: false, restPort: 0, grpcPort: 0, logLevel: 'silent' }, { env });
  try {
    expect(farm).toMatchObject({ insecure: true, joining: undefined });
  } finally {
    await farm.stop('test');
    await rm(dataFolder, { recursive: true, force: true });
  }
});
