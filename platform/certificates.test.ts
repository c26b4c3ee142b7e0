import { type webcrypto, X509Certificate } from 'node:crypto';
import type { Extension } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import {
  createAuthority,
  createPrivateKeyPem,
  createRequest,
  fingerprintOf,
  issueFor,
  issueWithKey,
  readCertificate,
  readRequest,
} from './certificates.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

describe('a farm’s authority', () => {
  it('signs what its certificate proves, and only that', async () => {
    const [authority, other] = [await createAuthority(NOW), await createAuthority(NOW)];
    const issue = { now: NOW, days: 10, name: 'grove', purpose: 'server', hosts: ['grove.lab', '10.0.0.7'] } as const;
    const server = new X509Certificate((await issueWithKey(authority, issue)).certificate);
    expect(server.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(server.verify(new X509Certificate(other.certificate).publicKey)).toBe(false);
    expect(server.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(server.checkHost('grove.lab')).toBe('grove.lab');
    expect(server.checkIP('10.0.0.7')).toBe('10.0.0.7');
    expect(server.checkHost('elsewhere.lab')).toBeUndefined();
    expect(fingerprintOf(authority.certificate)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf(authority.certificate)).not.toBe(fingerprintOf(other.certificate));
  });

  it('gives an agent a certificate for the key that never left the agent', async () => {
    const authority = await createAuthority(NOW);
    const privateKey = createPrivateKeyPem();
    const request = await createRequest(privateKey, 'lab-1');
    const { name, keyDigest } = await readRequest(request);
    const issued = await issueFor(request, authority, { now: NOW, days: 30, name, purpose: 'agent' });
    expect(name).toBe('lab-1');
    expect(readCertificate(issued)).toEqual({ name: 'lab-1', keyDigest, notBefore: NOW - DAY_MS, notAfter: NOW + 30 * DAY_MS });
    expect(new X509Certificate(issued).checkPrivateKey((await import('node:crypto')).createPrivateKey(privateKey))).toBe(true);
  });

  it.each([
    ['RSA', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2_048 }],
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' }],
  ])('refuses a request for a key of another kind: %s', async (_kind, algorithm) => {
    const request = await requestOf(algorithm);
    await expect(readRequest(request)).rejects.toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });

  it('takes nothing from a request but its key', async () => {
    await createAuthority(NOW);
    const { BasicConstraintsExtension, SubjectAlternativeNameExtension } = await import('@peculiar/x509');
    const extensions = [
      new BasicConstraintsExtension(true, 3, true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: 'grove.lab' }]),
    ];
    const request = await requestOf({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, extensions);
    const issue = { now: NOW, days: 30, name: 'lab-1', purpose: 'agent' } as const;
    const issued = new X509Certificate(await issueFor(request, await createAuthority(NOW), issue));
    expect(issued).toMatchObject({ ca: false, subject: 'CN=lab-1', subjectAltName: undefined, keyUsage: ['1.3.6.1.5.5.7.3.2'] });
  });

  it('refuses a request that was changed after it was signed', async () => {
    const request = await createRequest(createPrivateKeyPem(), 'lab-1');
    const bytes = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const at = bytes.indexOf('lab-1');
    bytes.write('lab-2', at);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(readRequest(forged)).rejects.toThrow(expect.objectContaining({ code: 'invalid-request' }));
    await expect(readRequest('nothing')).rejects.toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
});

async function requestOf(algorithm: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams, extensions: Extension[] = []) {
  // The module needs a shim that loading it through ours brings.
  await createRequest(createPrivateKeyPem(), 'any');
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=lab-1', keys, signingAlgorithm: algorithm, extensions });
  return request.toString('pem');
}
