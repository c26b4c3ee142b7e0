import { startFarmServer } from '../rest/farm-server.ts';
import { describeArtifactStore } from './artifact-store.ts';

describeArtifactStore('folder', async () => {
  const { artifacts, clock, close } = await startFarmServer();
  return { store: artifacts, now: () => clock.now(), close };
});
