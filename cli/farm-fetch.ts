import { rootCertificates } from 'node:tls';
import { Agent, type RequestInit as FarmRequestInit, fetch as fetchThrough } from 'undici';

/** `fetch` that trusts a farm's authority (PEM) beside the public ones. Node's own cannot be told. */
export function fetchTrusting(authority: string): typeof fetch {
  const dispatcher = new Agent({ connect: { ca: [...rootCertificates, authority] } });
  return async (input, init = {}) => {
    const { body, headers, method, signal } = init;
    const asked: FarmRequestInit = { dispatcher, headers: Object.fromEntries(new Headers(headers)) };
    if (method !== undefined) asked.method = method;
    if (signal !== undefined) asked.signal = signal;
    if (body !== undefined && body !== null) Object.assign(asked, { body, ...('duplex' in init && { duplex: init.duplex }) });
    return fetchThrough(input instanceof Request ? input.url : input, asked);
  };
}

/** `fetch` that asks whoever answers: only for what is compared with something known, never with a secret in it. */
export function fetchUntrusting(): typeof fetch {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  return (input, init = {}) => {
    const { signal } = init;
    return fetchThrough(input instanceof Request ? input.url : input, { dispatcher, ...(signal !== undefined && { signal }) });
  };
}
