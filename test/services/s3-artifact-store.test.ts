import { afterAll, beforeAll, describe } from 'vitest';
import { S3ArtifactStore } from '../../coordinator/artifacts/s3/s3-artifact-store.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { describeArtifactStore } from '../conformance/artifact-store.ts';
import { describeJobIndex } from '../conformance/job-index.ts';
import { openS3, S3_TARGETS, type S3Target } from '../support/s3-server.ts';

const clock = createSystemClock();

describe.each(S3_TARGETS)('on %s', (kind) => {
  let server: S3Target;
  beforeAll(async () => {
    server = await openS3(kind);
  });
  afterAll(() => server.stop());

  async function harness(verifies?: boolean) {
    const settings = server.settings({ prefix: 'farm-a/' });
    const store = await S3ArtifactStore.open({
      settings,
      credentials: server.credentials,
      clock,
      ...(verifies !== undefined && { verifies }),
    });
    return { store, now: () => clock.now(), close: async () => store.close() };
  }

  let farms = 0;
  describeJobIndex('S3', async () => {
    farms += 1;
    const settings = server.settings({ prefix: `index-${farms}/` });
    const store = await S3ArtifactStore.open({ settings, credentials: server.credentials, clock, verifies: true });
    return { index: store.jobIndex, close: async () => store.close() };
  });

  describeArtifactStore('S3, bytes proven by the server', () => harness());
  describeArtifactStore('S3, bytes proven by the coordinator', () => harness(false));
});
