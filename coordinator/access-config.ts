import { GroveError } from '../domain/errors.ts';

/** Who may use the farm, as configured. */
export type AccessConfig =
  | { readonly kind: 'loopback' }
  | {
      /** `enrolled`: TLS, agents with certificates, people with tokens. `insecure`: nothing of that, wherever it listens. */
      readonly kind: 'enrolled' | 'insecure';
      /** Origin under which others reach the API; null: the address it listens on. */
      readonly publicUrl: string | null;
    };

export interface AccessSettings {
  readonly listen?: string;
  readonly publicUrl?: string;
  readonly insecure?: boolean;
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::', '[::]']);

/** Throws `invalid-config` for settings that contradict each other or leave open how others reach the farm. */
export function completeAccessConfig({ listen, publicUrl, insecure = false }: AccessSettings): AccessConfig {
  if (listen === undefined) {
    if (publicUrl === undefined && !insecure) return { kind: 'loopback' };
    throw new GroveError('invalid-config', { where: publicUrl === undefined ? 'insecure' : 'publicUrl', problem: 'it needs `listen`' });
  }
  const kind = insecure ? 'insecure' : 'enrolled';
  if (publicUrl !== undefined) return { kind, publicUrl: originOf(publicUrl, insecure ? 'http:' : 'https:') };
  if (ANY_ADDRESS.has(listen))
    throw new GroveError('invalid-config', {
      where: 'publicUrl',
      problem: `say under which address others reach a farm that listens on ${listen}`,
    });
  return { kind, publicUrl: null };
}

function originOf(text: string, protocol: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === protocol && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '') return url.origin;
  throw new GroveError('invalid-config', { where: 'publicUrl', problem: `it is not of the form ${protocol}//HOST[:PORT]` });
}

/** Names and addresses of a server's certificate: how others reach it, where it listens, and this machine itself. */
export function hostsOf({ publicUrl }: { readonly publicUrl: string | null }, listen: string): readonly string[] {
  const asked = publicUrl === null ? [] : [new URL(publicUrl).hostname];
  const bound = ANY_ADDRESS.has(listen) ? [] : [listen];
  const plain = [...asked, ...bound, 'localhost', '127.0.0.1', '::1'].map((host) => host.replace(/^\[(.*)\]$/, '$1').toLowerCase());
  return [...new Set(plain)];
}
