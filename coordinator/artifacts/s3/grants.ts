import type { Blob } from '../../../domain/manifest.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { Grant, GrantPart } from '../../../domain/protocol.ts';
import { presign, type S3Credentials } from './presign.ts';
import type { S3Settings } from './s3-settings.ts';

/** How long a signed URL lives: long enough to move one part over a slow lab network. */
const GRANT_SECONDS = 15 * 60;

/** The address of an object on an endpoint. */
export type AddressOf = (key: string, endpoint: string) => URL;

/** One range of an object under upload. */
export interface PartToSign {
  readonly key: string;
  readonly uploadId: string;
  readonly number: number;
  readonly firstByte: number;
  readonly sizeBytes: number;
}

/** Makes URLs for agents and the CLI, on the endpoint under which they reach the server. */
export class GrantSigner {
  readonly #settings: Pick<S3Settings, 'publicEndpoint' | 'region'>;
  readonly #credentials: S3Credentials;
  readonly #addressOf: AddressOf;

  constructor(settings: Pick<S3Settings, 'publicEndpoint' | 'region'>, credentials: S3Credentials, addressOf: AddressOf) {
    this.#settings = settings;
    this.#credentials = credentials;
    this.#addressOf = addressOf;
  }

  /** A URL that takes the whole blob. A server that verifies checksums refuses all other bytes. */
  put(blob: Blob, key: string, now: EpochMs): Grant {
    const headers = checksumHeader(blob.sha256);
    const url = this.#sign('PUT', key, { now, headers: { ...headers, 'content-length': String(blob.sizeBytes) } });
    return { sha256: blob.sha256, present: false, url, headers, parts: [], confirm: false };
  }

  /** A URL that takes any bytes of the blob's length, which are proven afterwards. */
  putUnproven(blob: Blob, key: string, now: EpochMs): Grant {
    const url = this.#sign('PUT', key, { now, headers: { 'content-length': String(blob.sizeBytes) } });
    return { sha256: blob.sha256, present: false, url, headers: {}, parts: [], confirm: true };
  }

  get(blob: Blob, key: string, now: EpochMs): Grant {
    const url = this.#sign('GET', key, { now, headers: {} });
    return { sha256: blob.sha256, present: false, url, headers: {}, parts: [], confirm: false };
  }

  /** A URL that takes one part of a known length; its bytes are proven with the whole. */
  part({ key, uploadId, number, firstByte, sizeBytes }: PartToSign, now: EpochMs): GrantPart {
    const query = { partNumber: String(number), uploadId };
    const url = this.#sign('PUT', key, { now, headers: { 'content-length': String(sizeBytes) }, query });
    return { firstByte, sizeBytes, url, headers: {} };
  }

  #sign(
    method: 'PUT' | 'GET',
    key: string,
    request: {
      readonly now: EpochMs;
      readonly headers: Readonly<Record<string, string>>;
      readonly query?: Readonly<Record<string, string>>;
    },
  ): string {
    const { now, headers, query = {} } = request;
    const url = this.#addressOf(key, this.#settings.publicEndpoint);
    return presign(this.#credentials, this.#settings.region, { method, url, query, headers, signedAt: now, lifeSeconds: GRANT_SECONDS });
  }
}

/** What makes an S3 server refuse bytes with another SHA-256, when it verifies checksums. */
export function checksumHeader(sha256: string): Readonly<Record<string, string>> {
  return { 'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64') };
}
