import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { sha256 } from './sha256.ts';

/** A private key that can sign, and what others need to check that it did. */
export interface SigningKey {
  /** The 32 bytes of the public key in base64url. */
  readonly publicKey: string;
  readonly keyId: string;
  /** Signature of the bytes: 64 bytes in base64url. The same bytes always give the same signature. */
  sign(bytes: Uint8Array): string;
}

/** A new Ed25519 private key as PKCS #8 in PEM. */
export function generatePrivateKey(): string {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

/** Undefined for text that is no Ed25519 private key in PEM. */
export function readPrivateKey(pem: string): SigningKey | undefined {
  try {
    const key = createPrivateKey(pem);
    const publicKey = createPublicKey(key).export({ format: 'jwk' }).x;
    if (key.asymmetricKeyType !== 'ed25519' || publicKey === undefined) return undefined;
    return { publicKey, keyId: keyIdOf(publicKey), sign: (bytes) => sign(null, bytes, key).toString('base64url') };
  } catch {
    return undefined;
  }
}

/** Short name of a public key: the first 16 hexadecimal digits of the SHA-256 of its bytes. */
export function keyIdOf(publicKey: string): string {
  return sha256(Buffer.from(publicKey, 'base64url')).slice(0, 16);
}

/** Whether the private half of `publicKey` signed these bytes. False for text that is neither key nor signature in its one right spelling. */
export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  if (![publicKey, signature].every(isCanonical)) return false;
  const key = { kty: 'OKP', crv: 'Ed25519', x: publicKey };
  try {
    return verify(null, bytes, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

/** The last character of 32 or 64 bytes has bits to spare, which decoders pass over. */
function isCanonical(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

/** The same key as SPKI in PEM, which other tools read (`openssl pkeyutl -verify`). */
export function publicKeyPem(publicKey: string): string {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
