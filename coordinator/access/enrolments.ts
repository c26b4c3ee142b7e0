import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { type AgentId, idSchema, nameSchema } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import { readCertificate, readRequest } from '../../platform/certificates.ts';
import type { AccessStore } from './access-store.ts';
import type { Authority } from './authority.ts';
import { Documents } from './documents.ts';
import type { JoinTokens } from './join-tokens.ts';

const enrolmentSchema = z.strictObject({
  agentId: nameSchema,
  /** SHA-256 of the public key that may speak for the agent; null once it was revoked. */
  keyDigest: z.string().nullable(),
  /** The data folder on its machine: a copy of the key elsewhere is a clone. */
  instanceId: idSchema,
  enrolledAt: z.number(),
  /** Keys that may never speak for it again. */
  revokedKeys: z.array(z.string()).max(100),
});
type Enrolment = z.infer<typeof enrolmentSchema>;

/** Whom a connection's certificate names. */
export interface AgentIdentity {
  readonly agentId: AgentId;
  /** The data folder it was given to. */
  readonly instanceId: string;
  /** Asks again. Throws `agent-revoked` once the key speaks for nobody. */
  assertGood(): Promise<unknown>;
}

export interface EnrolRequest {
  readonly token: string;
  /** PEM, signed with the machine's key; its common name is the agent's name. */
  readonly request: string;
  readonly instanceId: string;
}

export interface EnrolmentParts {
  readonly authority: Authority;
  readonly joins: JoinTokens;
  readonly clock: Clock;
}

/** Which key speaks for which agent. */
export class Enrolments {
  readonly #documents: Documents<Enrolment>;
  readonly #parts: EnrolmentParts;

  constructor(store: AccessStore, parts: EnrolmentParts) {
    this.#documents = new Documents(store, 'agent', enrolmentSchema);
    this.#parts = parts;
  }

  /**
   * Takes a machine in and returns its certificate. A name that another key has is `duplicate-agent` until it is revoked; a key that was revoked is
   * `agent-revoked`, as long as it is one of the last hundred of that name. Throws `join-refused` and `invalid-request` too. Only success uses the token up.
   */
  async enrol({ token, request, instanceId }: EnrolRequest): Promise<{ readonly agentId: AgentId; readonly certificate: string }> {
    const { authority, joins, clock } = this.#parts;
    const { id } = await joins.check(token);
    const { name, keyDigest } = await readRequest(request);
    const agentId = agentName(name);
    assertFree(await this.#documents.get(agentId), { agentId, keyDigest });
    await joins.use(id);
    await this.#documents.change(agentId, (known) => {
      assertFree(known, { agentId, keyDigest });
      return { agentId, keyDigest, instanceId, enrolledAt: clock.now(), revokedKeys: known?.revokedKeys ?? [] };
    });
    return { agentId, certificate: await authority.issueAgent(request, agentId) };
  }

  /** The next certificate of an agent for the key it has. Throws `agent-revoked` and `invalid-request`. */
  async renew(agentId: AgentId, request: string): Promise<string> {
    const { keyDigest } = await readRequest(request);
    const known = await this.#documents.get(agentId);
    if (known?.keyDigest !== keyDigest) throw new GroveError('agent-revoked', { agentId });
    return this.#parts.authority.issueAgent(request, agentId);
  }

  /** Whom a certificate (DER) that the farm's authority signed names now. Throws `agent-revoked`. */
  async identify(certificate: Uint8Array): Promise<AgentIdentity> {
    const { name, keyDigest } = readCertificate(certificate);
    const known = await this.#documents.get(name);
    if (known?.keyDigest !== keyDigest) throw new GroveError('agent-revoked', { agentId: name });
    return { agentId: known.agentId, instanceId: known.instanceId, assertGood: () => this.identify(certificate) };
  }

  /** Its key opens nothing from now on. Throws `not-found`. */
  async revoke(agentId: AgentId): Promise<void> {
    await this.#documents.change(agentId, (known) => {
      if (known === undefined) throw new GroveError('not-found', { kind: 'enrolled agent', id: agentId });
      const { keyDigest, revokedKeys } = known;
      return keyDigest === null ? known : { ...known, keyDigest: null, revokedKeys: [...revokedKeys, keyDigest].slice(-100) };
    });
  }
}

function agentName(name: string): AgentId {
  const parsed = nameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new GroveError('invalid-request', { problem: 'the name in the certificate request is no name of an agent' });
}

function assertFree(known: Enrolment | undefined, { agentId, keyDigest }: { readonly agentId: AgentId; readonly keyDigest: string }): void {
  if (known === undefined) return;
  if (known.revokedKeys.includes(keyDigest)) throw new GroveError('agent-revoked', { agentId });
  if (known.keyDigest !== null && known.keyDigest !== keyDigest) throw new GroveError('duplicate-agent', { agentId });
}
