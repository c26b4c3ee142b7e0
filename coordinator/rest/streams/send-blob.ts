import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { GroveError } from '../../../domain/errors.ts';
import type { ArtifactStore } from '../../artifacts/artifact-store.ts';
import { chooseRange } from './range.ts';

/** Sends a stored blob, or the range asked for, as a download. A blob never changes, so its digest is its ETag. Throws `not-found`. */
export async function sendBlob(
  artifacts: Pick<ArtifactStore, 'head' | 'open'>,
  sha256: string,
  { req, res }: { readonly req: Request; readonly res: Response },
): Promise<void> {
  const stored = await artifacts.head(sha256);
  if (stored === undefined) throw new GroveError('not-found', { kind: 'blob', id: sha256 });
  const etag = `"${sha256}"`;
  res.set({ etag, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable' });
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  const conditional = req.headers['if-range'];
  const choice = chooseRange(conditional === undefined || conditional === etag ? req.headers.range : undefined, stored.sizeBytes);
  if (choice.kind === 'unsatisfiable') {
    res.status(416).set('content-range', `bytes */${stored.sizeBytes}`).end();
    return;
  }
  const range = choice.kind === 'range' ? choice.range : { first: 0, last: stored.sizeBytes - 1 };
  if (choice.kind === 'range') res.status(206).set('content-range', `bytes ${range.first}-${range.last}/${stored.sizeBytes}`);
  res
    .type('application/octet-stream')
    .set({ 'content-length': String(range.last - range.first + 1), 'content-disposition': `attachment; filename="${sha256}"` });
  const bytes = await artifacts.open(sha256, choice.kind === 'range' ? range : undefined);
  // A reader that leaves early is no error of ours; a blob that breaks off must break the answer too, which pipeline does.
  await pipeline(bytes, res).catch((error: unknown) => {
    if (!res.destroyed) throw error;
  });
}
