import { toGroveError } from '../../domain/errors.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import { createRequest, readCertificate } from '../../platform/certificates.ts';
import type { AgentLog } from '../log-events.ts';
import type { Identity, IdentityFile } from './identity-file.ts';

/** How often it looks whether the certificate grows old. */
const LOOK_MS = 3_600_000;
/** Part of a certificate's life after which the next one is asked for. */
const RENEW_AFTER = 2 / 3;

export interface RenewalOptions {
  readonly file: IdentityFile;
  readonly clock: Clock;
  readonly log: AgentLog;
  /** Asks the farm for a certificate, showing the present one. */
  ask(request: string, identity: Identity): Promise<string>;
}

/** An agent's identity, with a certificate that is replaced in time. Connections that are open go on with the one they were opened with. */
export class Renewal {
  readonly #options: RenewalOptions;
  #identity: Identity;
  #timer: Timer | undefined;

  constructor(identity: Identity, options: RenewalOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  get identity(): Identity {
    return this.#identity;
  }

  start(): void {
    void this.look().finally(() => {
      this.#timer = this.#options.clock.after(LOOK_MS, () => this.start());
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Renews when two thirds of the certificate's life are over. Never throws: it is tried again an hour later. */
  async look(): Promise<void> {
    const { clock, log, file, ask } = this.#options;
    const { certificate, privateKey, agentId } = this.#identity;
    const { notBefore, notAfter } = readCertificate(certificate);
    if (clock.now() < notBefore + (notAfter - notBefore) * RENEW_AFTER) return;
    try {
      const next = { ...this.#identity, certificate: await ask(await createRequest(privateKey, agentId), this.#identity) };
      // Read first: what is no certificate must not take the place of one.
      const validUntil = new Date(readCertificate(next.certificate).notAfter).toISOString();
      await file.write(next);
      this.#identity = next;
      log.certificateRenewed({ validUntil });
    } catch (error) {
      log.certificateNotRenewed({ validUntil: new Date(notAfter).toISOString(), why: toGroveError(error).message });
    }
  }
}
