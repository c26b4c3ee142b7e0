import type { UploadAnswer } from '../../../api/uploads.ts';
import { GroveError } from '../../../domain/errors.ts';
import type { Blob, FileMap } from '../../../domain/manifest.ts';
import type { Grant } from '../../../domain/protocol.ts';
import type { SignedRequest } from '../../artifacts/signed-blobs.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { sendBlob } from '../streams/send-blob.ts';

/** Uploads and downloads. */
export function artifactHandlers({
  artifacts,
  signedBlobs,
  clock,
  garbage,
}: Pick<RestDeps, 'artifacts' | 'signedBlobs' | 'clock' | 'garbage'>) {
  const authorize = (request: SignedRequest) => {
    if (signedBlobs === undefined) throw new GroveError('not-found', { kind: 'signed URL', id: 'blobs are served by another store' });
    signedBlobs.authorize(request, clock.now());
    return signedBlobs;
  };
  return {
    async createUploads({ body: { files } }) {
      const grants = await Promise.all(distinctBlobs(files).map((blob) => artifacts.grantPut(blob, clock.now())));
      return ok({ grants: grants.map(plainGrant) });
    },
    async garbage() {
      return ok(garbage.state);
    },
    async collectGarbage({ body: { dryRun } }) {
      return { status: 202, body: garbage.start(dryRun) };
    },
    async artifact({ params: { sha256 } }, req, res) {
      await sendBlob(artifacts, sha256, { req, res });
    },
    async getBlob({ params: { sha256 }, query }, req, res) {
      authorize(signedRequest('GET', sha256, query));
      await sendBlob(artifacts, sha256, { req, res });
    },
    async putBlob({ params: { sha256 }, query }, req, res) {
      const request = signedRequest('PUT', sha256, query);
      const store = authorize(request);
      const { sizeBytes } = request.blob;
      const declared = req.headers['content-length'];
      if (declared !== undefined && Number(declared) !== sizeBytes) {
        throw new GroveError('size-mismatch', { what: `Blob ${sha256}`, actual: Number(declared), expected: sizeBytes });
      }
      // The request outlives a refusal, so that the client, which may still be sending, reads the answer and not a broken connection.
      await store.receive(request.blob, req.iterator({ destroyOnReturn: false }));
      res.status(204).end();
    },
  } satisfies Partial<Handlers>;
}

function plainGrant(grant: Grant): UploadAnswer['grants'][number] {
  const parts = grant.parts.map((part) => ({ ...part, headers: { ...part.headers } }));
  return { ...grant, headers: { ...grant.headers }, parts };
}

/** One per digest. Throws `invalid-request` when a digest is listed with two sizes. */
function distinctBlobs(files: FileMap): readonly Blob[] {
  const byDigest = new Map<string, Blob>();
  for (const [path, blob] of Object.entries(files)) {
    const known = byDigest.get(blob.sha256) ?? blob;
    if (known.sizeBytes !== blob.sizeBytes)
      throw new GroveError('invalid-request', { problem: `$.files["${path}"]: another file has this digest with another size` });
    byDigest.set(blob.sha256, known);
  }
  return [...byDigest.values()];
}

function signedRequest(
  method: 'PUT' | 'GET',
  sha256: string,
  query: { readonly size: number; readonly exp: number; readonly sig: string },
): SignedRequest {
  return { method, blob: { sha256, sizeBytes: query.size }, expiresAt: query.exp, signature: query.sig };
}
