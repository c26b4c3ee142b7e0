import { GroveError } from '../../domain/errors.ts';
import { AgentServiceClient } from '../../proto/gen/grove/v1/agent.ts';
import { type TlsIdentity, targetOf } from './coordinator-address.ts';

/** Longest wait for one coordinator. */
const TIMEOUT_MS = 10_000;

export interface RenewCall {
  /** Of several coordinators separated by commas: each is asked until one answers. */
  readonly urls: string;
  readonly identity: TlsIdentity;
  /** For the same key, PEM. */
  readonly request: string;
  /** Wall time, milliseconds. */
  readonly now: number;
}

/** The next certificate, PEM. Throws `connection-lost` with what the last coordinator said. */
export async function renewCertificate({ urls, identity, request, now }: RenewCall): Promise<string> {
  let failure: unknown;
  for (const url of urls.split(',')) {
    try {
      return await ask(url.trim(), { identity, request, now });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function ask(url: string, { identity, request, now }: Omit<RenewCall, 'urls'>): Promise<string> {
  const { address, credentials } = targetOf(url, { identity, insecure: false });
  const client = new AgentServiceClient(address, credentials, { 'grpc.use_local_subchannel_pool': 1 });
  return new Promise<string>((resolve, reject) => {
    client.waitForReady(now + TIMEOUT_MS, (problem) => {
      if (problem) reject(new GroveError('not-running', { url }, { cause: problem }));
      else
        client.renew({ request }, (error, answer) => {
          if (error === null) resolve(answer.certificate);
          else reject(new GroveError('connection-lost', { problem: error.details }, { cause: error }));
        });
    });
  }).finally(() => client.close());
}
