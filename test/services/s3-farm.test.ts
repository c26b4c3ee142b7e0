import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { openS3, S3_TARGETS, type S3Target } from '../support/s3-server.ts';

describe.each(S3_TARGETS)('a farm whose artifacts lie in %s', (kind) => {
  let server: S3Target;
  let lab: Lab;
  beforeAll(async () => {
    server = await openS3(kind);
    lab = await Lab.open();
  });
  afterAll(async () => {
    await lab.close();
    await server.stop();
  });

  it('runs a job from upload to result, and logs no key and no signature', async () => {
    const { endpoint, bucket, prefix } = server.settings({ prefix: 'lab/' });
    const { accessKeyId, secretAccessKey } = server.credentials;
    await lab.startCoordinator({
      GROVE_S3_URL: `${endpoint}/${bucket}/${prefix}`,
      GROVE_S3_ACCESS_KEY_ID: accessKeyId,
      GROVE_S3_SECRET_ACCESS_KEY: secretAccessKey,
    });
    await lab.startAgent('lab-1');
    const job = await lab.ended(await lab.submit());
    expect(job.tasks.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['convert completed', 'benchmark completed']);
    expect(await lab.logged('artifacts-opened')).toMatchObject([{ kind: 's3', provenBy: 'server' }]);
    const health = await lab.client.health();
    expect(health.artifacts).toEqual({ kind: 's3', ok: true, detail: '' });
    // Young as they are, nothing of it is garbage.
    const { report } = await lab.json<{ report: { blobs: number } }>('artifact', 'gc', '--yes', '-o', 'json');
    expect(report).toMatchObject({ garbageBlobs: 0, removedBlobs: 0, droppedUploads: 0 });
    expect(report.blobs).toBeGreaterThan(5);
    const logs = await lab.logText();
    expect(logs).not.toContain('X-Amz-Signature');
    expect(logs).not.toContain(secretAccessKey);
  });
});
