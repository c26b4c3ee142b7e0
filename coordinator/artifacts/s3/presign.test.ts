import { describe, expect, it } from 'vitest';
import { encodeS3, presign, type RequestToSign } from './presign.ts';

/** The example of the S3 documentation, "Authenticating Requests: Using Query Parameters". */
const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const REQUEST: RequestToSign = {
  method: 'GET',
  url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
  query: {},
  headers: {},
  signedAt: Date.UTC(2013, 4, 24),
  lifeSeconds: 86_400,
};

const signatureOf = (change: Partial<RequestToSign>): string | null =>
  new URL(presign(CREDENTIALS, 'us-east-1', { ...REQUEST, ...change })).searchParams.get('X-Amz-Signature');

describe('a signed S3 URL', () => {
  it('is the one that the documentation gives', () => {
    expect(signatureOf({})).toBe('aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404');
  });

  it('depends on method, path, query, every header, time and life', () => {
    const changes: readonly Partial<RequestToSign>[] = [
      {},
      { method: 'PUT' },
      { url: new URL('https://examplebucket.s3.amazonaws.com/other.txt') },
      { url: new URL('https://elsewhere.s3.amazonaws.com/test.txt') },
      { query: { partNumber: '1' } },
      { headers: { 'content-length': '1' } },
      { headers: { 'content-length': '2' } },
      { signedAt: REQUEST.signedAt + 1_000 },
      { lifeSeconds: 1 },
    ];
    expect(new Set(changes.map(signatureOf)).size).toBe(changes.length);
  });

  it('names the headers that have to be sent', () => {
    const url = new URL(
      presign(CREDENTIALS, 'us-east-1', { ...REQUEST, headers: { 'x-amz-checksum-sha256': 'x', 'content-length': '1' } }),
    );
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host;x-amz-checksum-sha256');
    expect(url.href).not.toContain(CREDENTIALS.secretAccessKey);
  });

  it('encodes all but unreserved characters', () => {
    expect(encodeS3("a-b_c.d~e f!g'h(i)j*k/ä")).toBe('a-b_c.d~e%20f%21g%27h%28i%29j%2Ak%2F%C3%A4');
  });
});
