import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FilePinStore } from '../../coordinator/pins/file-pin-store.ts';
import { systemFiles } from '../../platform/files.ts';
import { describePinStore } from './pin-store.ts';

describePinStore('a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-pins-'));
  return { open: () => FilePinStore.open(folder, systemFiles), close: () => rm(folder, { recursive: true, force: true }) };
});
