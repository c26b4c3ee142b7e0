import { EnvHttpProxyAgent, fetch as fetchThrough } from 'undici';
import type { AgentConfig } from '../config.ts';

/** Without a byte for this long a hub has stopped answering. */
const IDLE_MS = 60_000;

/** A way to reach a hub, and its end. */
export interface HubConnection {
  readonly fetch: typeof fetch;
  /** Closes what is left of its connections. */
  close(): Promise<void>;
}

/**
 * `fetch` through the configured proxies and with a bound on silence: Node's own knows neither. A redirect to another origin, as hubs send for large
 * files, loses the authorization header.
 */
export function connectToHub({ http, https, exceptFor }: AgentConfig['hub']['proxy']): HubConnection {
  const dispatcher = new EnvHttpProxyAgent({
    // Empty strings, so that the environment is not asked: it was read with the rest of the configuration.
    httpProxy: http ?? '',
    httpsProxy: https ?? '',
    noProxy: exceptFor ?? '',
    headersTimeout: IDLE_MS,
    bodyTimeout: IDLE_MS,
  });
  return {
    fetch: (input, init = {}) => ask(input instanceof Request ? input.url : input, init, dispatcher),
    close: () => dispatcher.destroy(),
  };
}

/** Questions only: a hub is read, never written to. The two packages' types of a body differ, so one could not be passed on unchecked. */
function ask(url: string | URL, { body, headers, signal }: RequestInit, dispatcher: EnvHttpProxyAgent): Promise<Response> {
  if (body !== undefined && body !== null) return Promise.reject(new TypeError('nothing is sent to a hub'));
  return fetchThrough(url, { dispatcher, headers: Object.fromEntries(new Headers(headers)), ...(signal !== undefined && { signal }) });
}
