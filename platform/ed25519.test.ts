import { createPublicKey, verify } from 'node:crypto';
import { expect, it } from 'vitest';
import { generatePrivateKey, isSignedBy, keyIdOf, publicKeyPem, readPrivateKey } from './ed25519.ts';

/** RFC 8032, section 7.1, test 3. */
const RFC_8032 = {
  privateKey: `-----BEGIN PRIVATE KEY-----
${Buffer.concat([
  Buffer.from('302e020100300506032b657004220420', 'hex'),
  Buffer.from('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'hex'),
]).toString('base64')}
-----END PRIVATE KEY-----
`,
  publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  message: 'af82',
  signature:
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
};

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');

it('signs as RFC 8032 does', () => {
  const key = readPrivateKey(RFC_8032.privateKey);
  expect(key?.publicKey).toBe(base64url(RFC_8032.publicKey));
  expect(key?.sign(Buffer.from(RFC_8032.message, 'hex'))).toBe(base64url(RFC_8032.signature));
});

it('accepts only the one spelling of a signature by the key over these bytes', () => {
  const key = readPrivateKey(generatePrivateKey());
  const other = readPrivateKey(generatePrivateKey());
  const bytes = Buffer.from('what was measured');
  const signature = key?.sign(bytes) ?? '';
  const isSigned = (publicKey = '', text = signature, message: Uint8Array = bytes) => isSignedBy(publicKey, message, text);
  expect(isSigned(key?.publicKey)).toBe(true);
  expect(isSigned(other?.publicKey)).toBe(false);
  expect(isSigned(key?.publicKey, signature, Buffer.from('what was wished'))).toBe(false);
  for (const text of ['', 'x', `${signature}=`, `${signature}AA`, signature.slice(0, 85)])
    expect(isSigned(key?.publicKey, text)).toBe(false);
  expect(isSigned('no key')).toBe(false);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(key?.publicKey.at(-1) ?? '');
  for (const spare of [1, 2, 3]) expect(isSigned(`${key?.publicKey.slice(0, -1)}${alphabet[last ^ spare]}`)).toBe(false);
  expect(key?.keyId).toBe(keyIdOf(key?.publicKey ?? ''));
  expect(key?.keyId).not.toBe(other?.keyId);
});

it('shows the public key to other tools', () => {
  const key = readPrivateKey(generatePrivateKey());
  const bytes = Buffer.from('bytes');
  const signature = Buffer.from(key?.sign(bytes) ?? '', 'base64url');
  expect(verify(null, bytes, createPublicKey(publicKeyPem(key?.publicKey ?? '')), signature)).toBe(true);
});

it('takes no other text for a private key', () => {
  for (const text of ['', 'secret', publicKeyPem(readPrivateKey(generatePrivateKey())?.publicKey ?? '')])
    expect(readPrivateKey(text)).toBeUndefined();
});
