import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { publicKeyPem } from '../../../platform/ed25519.ts';
import { collectEvidence } from '../../evidence/collect-evidence.ts';
import { writeBundle } from '../../evidence/write-bundle.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { StreamSlots } from '../streams/stream-slots.ts';

type EvidenceDeps = Pick<RestDeps, 'store' | 'artifacts' | 'logs' | 'farmKey' | 'version' | 'limits'>;

/** Results as signed archives, and the key they are signed with. */
export function evidenceHandlers({ store, artifacts, logs, farmKey, version, limits }: EvidenceDeps) {
  const slots = new StreamSlots('evidence bundles', limits.bundleStreams);
  return {
    async farmKey() {
      const { keyId, publicKey } = farmKey;
      return ok({ algorithm: 'ed25519', keyId, publicKey, pem: publicKeyPem(publicKey) } as const);
    },
    async taskBundle({ params: { taskId }, query, signal }, _req, res) {
      const release = slots.take();
      try {
        const readLog = async (logged: string, attempt: number) =>
          Buffer.concat(await arrayOf(logs.read({ taskId: logged, attempt, offsetBytes: 0, follow: false, signal })));
        const evidence = await collectEvidence(taskId, { withModel: query.model === '1' }, { store, artifacts, version, readLog });
        const { sizeBytes, chunks } = writeBundle(evidence, { key: farmKey, artifacts });
        res.type('application/x-tar').set({
          'content-length': String(sizeBytes),
          'content-disposition': `attachment; filename="${taskId.replaceAll(':', '_')}.tar"`,
          'cache-control': 'no-store',
        });
        // As with single blobs: a reader that leaves is no error, a blob that breaks off must break the answer too.
        await pipeline(Readable.from(chunks), res).catch((error: unknown) => {
          if (!res.destroyed) throw error;
        });
      } finally {
        release();
      }
    },
  } satisfies Partial<Handlers>;
}

async function arrayOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
