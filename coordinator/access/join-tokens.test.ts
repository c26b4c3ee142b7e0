import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { systemRandom } from '../../platform/random.ts';
import { FileAccessStore } from './file-access-store.ts';
import { JoinTokens } from './join-tokens.ts';

it('lets a lab in whose machines all come at the same moment, and no more than it was made for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-joins-'));
  try {
    const joins = new JoinTokens(await FileAccessStore.open(folder, systemFiles), { clock: createSystemClock(), random: systemRandom });
    const { token } = await joins.make({ forMs: 3_600_000, uses: 60 }, 'test');
    const { id } = await joins.check(token);
    const ended = await Promise.allSettled(Array.from({ length: 70 }, () => joins.use(id)));
    const refused = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(10);
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ code: 'join-refused' })));
  } finally {
    await rm(folder, { recursive: true });
  }
});
