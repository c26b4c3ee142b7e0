import { createClient } from '../api/client.ts';
import { GroveError } from '../domain/errors.ts';
import { fingerprintOf } from '../platform/certificates.ts';
import { fetchUntrusting } from './farm-fetch.ts';

/**
 * The certificate (PEM) that proves a farm, when its fingerprint is the one given; null for a farm without TLS, or whose certificate this machine trusts
 * anyhow. Throws `untrusted-farm`, which tells the fingerprint that was found, and `not-running`.
 */
export async function findAuthority(url: string, fingerprint: string | undefined): Promise<string | null> {
  if (!url.startsWith('https:')) return null;
  if (fingerprint === undefined && (await isTrusted(url))) return null;
  const { certificate } = await createClient({ url, fetch: fetchUntrusting() }).authority();
  const found = fingerprintOf(certificate);
  if (fingerprint === undefined)
    throw new GroveError('untrusted-farm', {
      url,
      problem: `this machine does not know its authority; add --fingerprint ${found} if \`grove up\` printed that`,
    });
  if (
    found !==
    fingerprint
      .toLowerCase()
      .replace(/^sha256:/, '')
      .replaceAll(':', '')
  )
    throw new GroveError('untrusted-farm', { url, problem: `the fingerprint of its authority is ${found}` });
  return certificate;
}

async function isTrusted(url: string): Promise<boolean> {
  try {
    await createClient({ url }).ready();
    return true;
  } catch {
    return false;
  }
}
