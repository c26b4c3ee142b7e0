import { describeTaskStore } from '../../../test/conformance/task-store.ts';
import { createMemoryTaskStore } from './memory-task-store.ts';

describeTaskStore('memory task store', async () => createMemoryTaskStore());
