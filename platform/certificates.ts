import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Pkcs10CertificateRequest } from '@peculiar/x509';
import { GroveError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/ports.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3_600_000;
/** Clocks of lab machines are wrong by hours, seldom by a day. */
const SKEW_MS = DAY_MS;
const AUTHORITY_DAYS = 3_650;

/** A certificate with its key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a certificate is issued for. */
export interface Issue {
  readonly now: EpochMs;
  readonly days: number;
  /** The certificate's common name. */
  readonly name: string;
  readonly purpose: 'server' | 'agent';
  /** Host names and addresses of a server. */
  readonly hosts?: readonly string[];
}

/** A request that somebody who has the key has made. */
export interface CheckedRequest {
  readonly name: string;
  /** See {@link keyDigestOf}. */
  readonly keyDigest: string;
}

/** The X.509 library takes a third of a second to load, and only farms that enrol need it. */
async function loadX509() {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

/** A private key of this machine (PKCS 8, PEM; ECDSA on P-256). */
export function createPrivateKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** An authority that signs for one farm, ten years long. */
export async function createAuthority(now: EpochMs): Promise<KeyedCertificate> {
  const x509 = await loadX509();
  const privateKey = createPrivateKeyPem();
  const keys = await keyPairOf(privateKey);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(now, AUTHORITY_DAYS),
    serialNumber: serialNumber(),
    name: [{ CN: ['Grove farm authority'] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), privateKey };
}

/** A key and a certificate for it, PEM. */
export async function issueWithKey(authority: KeyedCertificate, issue: Issue): Promise<KeyedCertificate> {
  const privateKey = createPrivateKeyPem();
  return { certificate: await sign(authority, (await keyPairOf(privateKey)).publicKey, issue), privateKey };
}

/** A certificate for the key of a request, PEM. Throws what {@link readRequest} throws. */
export async function issueFor(request: string, authority: KeyedCertificate, issue: Issue): Promise<string> {
  const { publicKey } = await parseRequest(request);
  return await sign(authority, publicKey, issue);
}

/** A request for a certificate, signed with the key that stays here; PEM. */
export async function createRequest(privateKey: string, name: string): Promise<string> {
  const x509 = await loadX509();
  const keys = await keyPairOf(privateKey);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [name] }], keys, signingAlgorithm: ALGORITHM });
  return pem(request);
}

/** Throws `invalid-request` for what is no request, one its key has not signed, or a key that is not ECDSA on P-256. */
export async function readRequest(request: string): Promise<CheckedRequest> {
  const { parsed, publicKey } = await parseRequest(request);
  // Of the key as a certificate will have it: the same point may be written in several ways.
  const spki = await crypto.subtle.exportKey('spki', publicKey);
  return { name: parsed.subjectName.getField('CN')[0] ?? '', keyDigest: sha256Of(new Uint8Array(spki)) };
}

/** SHA-256 of a certificate (DER), 64 lower-case hex digits. Throws `invalid-request` for what is no certificate. */
export function fingerprintOf(certificate: string | Uint8Array): string {
  return parseCertificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
}

/** What a certificate says of its holder. */
export interface CertificateFacts {
  /** Common name. */
  readonly name: string;
  /** SHA-256 of its public key (SPKI, DER), 64 lower-case hex digits. */
  readonly keyDigest: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
}

/** Throws `invalid-request` for what is no certificate. */
export function readCertificate(certificate: string | Uint8Array): CertificateFacts {
  const parsed = parseCertificate(certificate);
  return {
    name: /^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? '',
    keyDigest: sha256Of(parsed.publicKey.export({ type: 'spki', format: 'der' })),
    notBefore: Date.parse(parsed.validFrom),
    notAfter: Date.parse(parsed.validTo),
  };
}

async function sign(authority: KeyedCertificate, publicKey: webcrypto.CryptoKey, issue: Issue): Promise<string> {
  const x509 = await loadX509();
  const isServer = issue.purpose === 'server';
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const names = (issue.hosts ?? []).map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host }));
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(issue.now, issue.days),
    serialNumber: serialNumber(),
    subject: [{ CN: [issue.name] }],
    issuer: new x509.X509Certificate(authority.certificate).subjectName,
    publicKey,
    signingKey: (await keyPairOf(authority.privateKey)).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([isServer ? serverAuth : clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(new x509.X509Certificate(authority.certificate)),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return pem(certificate);
}

interface ParsedRequest {
  readonly parsed: Pkcs10CertificateRequest;
  readonly publicKey: webcrypto.CryptoKey;
}

async function parseRequest(request: string): Promise<ParsedRequest> {
  const x509 = await loadX509();
  try {
    const parsed = new x509.Pkcs10CertificateRequest(request);
    const publicKey = await parsed.publicKey.export(ALGORITHM, ['verify']);
    if (await parsed.verify()) return { parsed, publicKey };
  } catch (cause) {
    throw new GroveError('invalid-request', { problem: 'the certificate request cannot be read' }, { cause });
  }
  throw new GroveError('invalid-request', { problem: 'the certificate request is not signed with its key' });
}

function parseCertificate(certificate: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new GroveError('invalid-request', { problem: 'it is no certificate' }, { cause });
  }
}

async function keyPairOf(privateKey: string): Promise<webcrypto.CryptoKeyPair> {
  const { kty, crv, x, y, d } = createPrivateKey(privateKey).export({ format: 'jwk' });
  const open = { kty: kty ?? '', crv: crv ?? '', x: x ?? '', y: y ?? '' };
  return {
    publicKey: await crypto.subtle.importKey('jwk', open, ALGORITHM, true, ['verify']),
    privateKey: await crypto.subtle.importKey('jwk', { ...open, d: d ?? '' }, ALGORITHM, false, ['sign']),
  };
}

/** 127 random bits: positive, and never used twice. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

function validity(now: EpochMs, days: number) {
  return { notBefore: new Date(now - SKEW_MS), notAfter: new Date(now + days * DAY_MS) };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function pem(of: { toString(format: 'pem'): string }): string {
  return `${of.toString('pem').trimEnd()}\n`;
}
