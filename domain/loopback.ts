const LOOPBACK_V4 = /^127(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/**
 * Whether a host can be reached from this machine only: `localhost`, `::1` (with or without brackets) or an address of 127.0.0.0/8. Other names are
 * refused without looking them up: DNS decides nothing about safety.
 *
 * @param host without a port.
 */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || host === '[::1]' || LOOPBACK_V4.test(host);
}
