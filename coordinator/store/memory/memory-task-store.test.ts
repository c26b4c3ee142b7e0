import { describeTaskStore } from '../../../test/conformance/task-store.ts';
import { CrashDisk } from '../../../test/support/crash-disk.ts';
import { createMemoryTaskStore } from './memory-task-store.ts';

describeTaskStore('memory task store', async () => createMemoryTaskStore());

describeTaskStore('memory task store with a journal', async () =>
  createMemoryTaskStore({ files: new CrashDisk(), folder: '/store', snapshotAfterBytes: 2_000 }),
);
