import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';

/** Thrown in a stage process that tries to reach a network. */
class NetworkRefusedError extends Error {
  override readonly name = 'NetworkRefusedError';
}

/**
 * Makes every way of Node to open a connection throw, in this process, for good: TCP, TLS, HTTP and fetch all end in `net.Socket.connect`. It keeps
 * honest code honest (a conversion depends on nothing but its inputs); it is no sandbox for native code.
 */
export function refuseNetwork(): void {
  Object.assign(net.Socket.prototype, { connect: refuser('connect') });
  Object.assign(net.Server.prototype, { listen: refuser('listen') });
  Object.assign(dgram.Socket.prototype, { bind: refuser('bind'), connect: refuser('connect'), send: refuser('send') });
  Object.assign(dns, { lookup: refuser('lookup') });
  Object.assign(dns.promises, { lookup: refuser('lookup') });
}

function refuser(what: string): () => never {
  return () => {
    throw new NetworkRefusedError(`a stage process has no network (${what})`);
  };
}
