import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { type JoinString, parseJoinString } from '../../domain/join-string.ts';
import { nameSchema } from '../../domain/names.ts';
import { createPrivateKeyPem, createRequest, fingerprintOf } from '../../platform/certificates.ts';
import { sha256 } from '../../platform/sha256.ts';
import { askFarm } from './ask-farm.ts';
import type { Identity, IdentityFile } from './identity-file.ts';

const authoritySchema = z.object({ certificate: z.string() });
const enrolledSchema = z.object({ agentId: nameSchema, certificate: z.string(), agentUrl: z.string().min(1) });

export interface JoinRequest {
  /** As the farm printed it. */
  readonly join: string;
  /** The agent's name. */
  readonly name: string;
  /** The data folder: the certificate is good for no other. */
  readonly instanceId: string;
}

/**
 * Makes this agent one of the farm that printed the join string, and keeps its identity. A start with the string it joined with changes nothing. The key it
 * has is used again, except when the farm revoked it. Throws `invalid-argument`, `untrusted-farm`, `not-running` and what the farm refuses with.
 */
export async function joinFarm({ join, name, instanceId }: JoinRequest, file: IdentityFile): Promise<Identity> {
  const known = await file.read();
  const joinedWith = sha256(join.trim());
  if (known?.joinedWith === joinedWith && known.agentId === name) return known;
  const farm = parseJoinString(join);
  const authority = await authorityOf(farm);
  const enrol = async (privateKey: string): Promise<Identity> => {
    const body = { token: farm.token, request: await createRequest(privateKey, name), instanceId };
    const { agentId, certificate, agentUrl } = await askFarm({ url: farm.url, path: '/api/v1/enrol', authority, body }, enrolledSchema);
    return { schemaVersion: 1, agentId, agentUrl, authority, certificate, privateKey, joinedWith };
  };
  const identity = await enrol(known?.privateKey ?? createPrivateKeyPem()).catch((error: unknown) => {
    if (!(error instanceof GroveError) || error.code !== 'agent-revoked') throw error;
    return enrol(createPrivateKeyPem());
  });
  await file.write(identity);
  return identity;
}

/** The certificate that the fingerprint names; nothing that is secret has been said yet to whoever answered. */
async function authorityOf({ url, fingerprint }: JoinString): Promise<string> {
  const { certificate } = await askFarm({ url, path: '/api/v1/authority', authority: null }, authoritySchema);
  if (isNamed(certificate, fingerprint)) return certificate;
  throw new GroveError('untrusted-farm', { url, problem: 'its authority is not the one whose fingerprint the join string has' });
}

function isNamed(certificate: string, fingerprint: string): boolean {
  try {
    return fingerprintOf(certificate) === fingerprint;
  } catch {
    return false;
  }
}
