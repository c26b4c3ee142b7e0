import { createHmac } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Notice } from '../../api/notifications.ts';
import type { Clock } from '../../domain/ports.ts';
import { type Channel, DeliveryError } from './channel.ts';
import type { WebhookSettings } from './notify-config.ts';
import { guardedLookup, isRefusedAddress, literalAddress } from './refused-addresses.ts';

/** Refusals that may be over the next time. */
const TRANSIENT = new Set([408, 425, 429]);

export interface WebhookOptions extends WebhookSettings {
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * HMAC-SHA-256 of `<timestamp>.<body>` in hex: whoever knows the secret can tell that a notice comes from this farm, and by the timestamp (epoch seconds)
 * that it is not an old one sent again.
 */
export function signature(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

/** POSTs notices as JSON to one URL. Redirects are not followed: they are refusals. */
export function createWebhook({ url, secret, clock }: WebhookOptions): Channel {
  const target = new URL(url);
  return {
    name: `webhook ${target.origin}`,
    async deliver(notice, signal) {
      const address = literalAddress(target.hostname);
      if (address !== undefined && isRefusedAddress(address))
        throw new DeliveryError(`${address} is an address that no webhook may be sent to`, { isFinal: true });
      const body = JSON.stringify(notice);
      const timestamp = String(Math.floor(clock.now() / 1_000));
      const headers = headersOf(notice, body, { timestamp, signature: signature(secret, timestamp, body) });
      const status = await post(target, { body, headers, signal });
      if (status >= 200 && status < 300) return;
      const isFinal = status < 500 && !TRANSIENT.has(status);
      throw new DeliveryError(`${target.origin} answered ${status}`, { isFinal });
    },
  };
}

function headersOf(notice: Notice, body: string, signed: { readonly timestamp: string; readonly signature: string }) {
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'grove',
    'x-grove-delivery': notice.id,
    'x-grove-timestamp': signed.timestamp,
    'x-grove-signature': `sha256=${signed.signature}`,
  };
}

interface Post {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Status of the answer; its body is not read. */
function post(target: URL, { body, headers, signal }: Post): Promise<number> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { method: 'POST', headers, signal, lookup: guardedLookup, agent: false };
    const request: ClientRequest = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, options, (answer) => {
      resolve(answer.statusCode ?? 0);
      request.destroy();
    });
    request.on('error', (cause) => reject(new DeliveryError(`${target.origin}: ${cause.message}`, { isFinal: false, cause })));
    request.end(body);
  });
}
