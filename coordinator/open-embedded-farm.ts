import { join } from 'node:path';
import { systemFiles } from '../platform/files.ts';
import { sha256 } from '../platform/sha256.ts';
import { FileAccessStore } from './access/file-access-store.ts';
import { attemptHasEnded } from './attempt-has-ended.ts';
import { openFileFarmKey } from './evidence/farm-key.ts';
import type { FarmState } from './farm-state.ts';
import { FileImportStore } from './imports/file-import-store.ts';
import { FileTaskLogs } from './logs/file-task-logs.ts';
import type { OpenRequest } from './open-request.ts';
import { loneBroadcast } from './peers/broadcast.ts';
import { createLoneRoll } from './peers/roll.ts';
import { alwaysMine } from './peers/turn.ts';
import { FilePinStore } from './pins/file-pin-store.ts';
import { createMemoryTaskStore } from './store/memory/memory-task-store.ts';

/** The farm in memory and in files of one coordinator's folder. Throws `journal-corrupt`, `store-failed` and `invalid-config`. */
export async function openEmbeddedFarm({ undo, ports, log, folder, stopper }: OpenRequest): Promise<FarmState> {
  const imports = await FileImportStore.open(join(folder, 'imports'), systemFiles);
  const pins = await FilePinStore.open(join(folder, 'pins'), systemFiles);
  const key = await openFileFarmKey(folder, systemFiles);
  const accessStore = await FileAccessStore.open(join(folder, 'access'), systemFiles);
  const store = createMemoryTaskStore({
    folder: join(folder, 'store'),
    files: systemFiles,
    sha256,
    log: (what, fields) => log('store-event', { what, ...fields }),
    onFailure: (error) => {
      log('store-failed', { error: error.message });
      // Acknowledging nothing more is all that a coordinator without a journal can do.
      void stopper.stop(`store-failed: ${error.message}`).catch(() => {});
    },
  });
  await store.start();
  undo.add(() => store.stop());
  const logs = new FileTaskLogs({
    folder: join(folder, 'logs'),
    hasEnded: (taskId, attempt) => attemptHasEnded(store, taskId, attempt),
    onError: (taskId, error) => log('log-write-failed', { taskId, error: String(error) }),
  });
  undo.add(() => logs.stop());
  return {
    clock: ports.clock,
    store,
    logs,
    imports,
    pins,
    key,
    accessStore,
    broadcast: loneBroadcast,
    roll: createLoneRoll(() => ports.clock.now()),
    reaperTurn: alwaysMine,
    health: async () => ({ kind: 'memory', ok: stopper.state !== 'stopping', detail: '' }),
    onTrouble: () => {},
  };
}
