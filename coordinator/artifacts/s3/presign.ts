import { createHash, createHmac } from 'node:crypto';
import type { EpochMs } from '../../../domain/ports.ts';

/** Who signs. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** One request that somebody else shall send. */
export interface RequestToSign {
  readonly method: 'PUT' | 'GET';
  /** Object address without a query; its path is already percent-encoded. */
  readonly url: URL;
  /** Further query parameters of the S3 operation (`partNumber`, `uploadId`). */
  readonly query: Readonly<Record<string, string>>;
  /** Headers, in lower case, that the sender must send with exactly these values. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signedAt: EpochMs;
  readonly lifeSeconds: number;
}

/**
 * An AWS Signature Version 4 URL. Every header given is part of the signature, so a server refuses the request when one of them is missing or another
 * value: that is what binds a URL to the length and the digest of one blob.
 */
export function presign({ accessKeyId, secretAccessKey }: S3Credentials, region: string, request: RequestToSign): string {
  const date = amzDate(request.signedAt);
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Readonly<Record<string, string>> = { ...request.headers, host: request.url.host };
  const names = Object.keys(headers).sort();
  const query = canonicalQuery({
    ...request.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(request.lifeSeconds),
    'X-Amz-SignedHeaders': names.join(';'),
  });
  const canonicalHeaders = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = [request.method, request.url.pathname, query, canonicalHeaders, names.join(';'), 'UNSIGNED-PAYLOAD'].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signature = hmac(signingKey(secretAccessKey, { day: date.slice(0, 8), region }), text).toString('hex');
  return `${request.url.origin}${request.url.pathname}?${query}&X-Amz-Signature=${signature}`;
}

/** Percent-encodes all but the unreserved characters of RFC 3986, as signatures want it. */
export function encodeS3(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  const encoded = Object.entries(parameters).map(([name, value]) => `${encodeS3(name)}=${encodeS3(value)}`);
  return encoded.sort().join('&');
}

function signingKey(secret: string, { day, region }: { readonly day: string; readonly region: string }): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** `20261125T143000Z`. */
function amzDate(at: EpochMs): string {
  return `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}
