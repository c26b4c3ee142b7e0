import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadCoordinatorConfig } from '../../coordinator/config.ts';
import { type Coordinator, startCoordinator } from '../../coordinator/main.ts';

let folder: string;
const running: Coordinator[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-starting-'));
});

afterEach(async () => {
  for (const coordinator of running.splice(0)) await coordinator.stop('test');
  await rm(folder, { recursive: true, force: true });
});

async function start(change: Parameters<typeof loadCoordinatorConfig>[0] = {}): Promise<Coordinator> {
  const config = await loadCoordinatorConfig({ dataFolder: join(folder, 'data'), restPort: 0, grpcPort: 0, ...change }, {});
  const coordinator = await startCoordinator(config);
  running.push(coordinator);
  return coordinator;
}

const farmFile = () => join(folder, 'data', 'farm.json');

describe('starting a coordinator', () => {
  it('says where it is, and no longer does once stopped', async () => {
    const { url, grpcAddress, stop, done } = await start();
    expect(JSON.parse(await readFile(farmFile(), 'utf8'))).toEqual({ pid: process.pid, url, grpcAddress });
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
    await stop('enough');
    expect([await done, existsSync(farmFile())]).toEqual(['enough', false]);
    await expect(fetch(`${url}/api/v1/health`)).rejects.toThrow();
  });

  it('is refused on a data folder that is in use, which stays as it is', async () => {
    const { url } = await start();
    await expect(start()).rejects.toMatchObject({ code: 'already-running' });
    expect(JSON.parse(await readFile(farmFile(), 'utf8'))).toMatchObject({ url });
  });

  it.each(['0.0.0.0', '192.168.1.5', '::', 'example.org'])('is refused on %s, which others can reach', async (host) => {
    await expect(start({ host })).rejects.toMatchObject({ code: 'bind-refused' });
  });

  it('is refused on a port that is taken, and leaves the data folder free', async () => {
    const { url, grpcAddress } = await start();
    const other = join(folder, 'other');
    await expect(start({ dataFolder: other, restPort: Number(new URL(url).port) })).rejects.toMatchObject({ code: 'port-in-use' });
    await expect(start({ dataFolder: other, grpcPort: Number(grpcAddress.split(':')[1]) })).rejects.toMatchObject({ code: 'port-in-use' });
    await start({ dataFolder: other });
  });

  it('stops when asked over its API', async () => {
    const { url, done } = await start();
    const response = await fetch(`${url}/api/v1/shutdown`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect(response.status).toBe(202);
    expect(await done).toBe('asked over the API');
    await start();
  });
});
