import { z } from 'zod';
import type { Clock } from '../../domain/ports.ts';
import { createAuthority, fingerprintOf, issueFor, issueWithKey, type KeyedCertificate } from '../../platform/certificates.ts';
import type { AccessStore } from './access-store.ts';
import { Documents } from './documents.ts';

const authoritySchema = z.strictObject({ certificate: z.string(), privateKey: z.string() });

/** A coordinator draws a new one at every start, so that its addresses are always right. */
const SERVER_DAYS = 397;
/** Agents ask for the next one when two thirds of this are over. */
const AGENT_DAYS = 30;

/** The farm's certificate authority: one for all its coordinators, kept with the farm's state. */
export class Authority {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate: what a join string carries. */
  readonly fingerprint: string;
  readonly #keyed: KeyedCertificate;
  readonly #clock: Clock;

  private constructor(keyed: KeyedCertificate, clock: Clock) {
    this.certificate = keyed.certificate;
    this.fingerprint = fingerprintOf(keyed.certificate);
    this.#keyed = keyed;
    this.#clock = clock;
  }

  /** The farm's, made by whichever coordinator starts first. */
  static async open(store: AccessStore, clock: Clock): Promise<Authority> {
    const documents = new Documents(store, 'authority', authoritySchema);
    const kept = await documents.get('farm');
    if (kept !== undefined) return new Authority(kept, clock);
    const fresh = await createAuthority(clock.now());
    return new Authority(await documents.change('farm', (now) => now ?? fresh), clock);
  }

  /** For a coordinator that is reached under these names and addresses. The certificate's chain is the answer's. */
  async issueServer(hosts: readonly string[]): Promise<KeyedCertificate> {
    const issue = { now: this.#clock.now(), days: SERVER_DAYS, name: 'Grove coordinator', purpose: 'server', hosts } as const;
    const { certificate, privateKey } = await issueWithKey(this.#keyed, issue);
    return { certificate: certificate + this.certificate, privateKey };
  }

  /** For the key of a request (PEM), whatever name it asks for. Throws `invalid-request`. */
  issueAgent(request: string, agentId: string): Promise<string> {
    return issueFor(request, this.#keyed, { now: this.#clock.now(), days: AGENT_DAYS, name: agentId, purpose: 'agent' });
  }
}
