import type { Blob } from '../../domain/manifest.ts';
import type { EpochMs } from '../../domain/ports.ts';

/** What a signed URL says about itself; `signature` proves that the coordinator said it. */
export interface SignedRequest {
  readonly method: 'PUT' | 'GET';
  readonly blob: Blob;
  readonly expiresAt: EpochMs;
  /** HMAC-SHA256 in base64url. */
  readonly signature: string;
}

/** The receiving end of signed URLs, for a store whose blobs the coordinator itself serves. */
export interface SignedBlobs {
  /** Throws `grant-refused` unless this store signed exactly this request and it has not expired. */
  authorize(request: SignedRequest, now: EpochMs): void;
  /** Stores bytes that still have to prove their digest. Throws `digest-mismatch` or `size-mismatch`, and then nothing became visible. */
  receive(blob: Blob, bytes: AsyncIterable<Uint8Array>): Promise<void>;
}
