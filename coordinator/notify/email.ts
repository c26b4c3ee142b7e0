import { createTransport } from 'nodemailer';
import { type Channel, DeliveryError, noticeText } from './channel.ts';
import type { EmailSettings } from './notify-config.ts';

/** Silence of a mail server after which an attempt has failed, milliseconds. */
const SILENCE_MS = 10_000;

/** Sends notices as plain text to everybody at once. A password goes only over TLS. */
export function createEmail({ host, port, secure, login, from, to }: EmailSettings): Channel {
  const transport = createTransport({
    ...{ host, port, secure, requireTLS: login !== null && !secure },
    ...(login !== null && { auth: { user: login.user, pass: login.password } }),
    ...{ connectionTimeout: SILENCE_MS, greetingTimeout: SILENCE_MS, socketTimeout: SILENCE_MS },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  return {
    name: `e-mail ${secure ? 'smtps' : 'smtp'}://${host}:${port}`,
    async deliver(notice) {
      try {
        const subject = `[grove] ${notice.subject}`.replace(/\s+/g, ' ').slice(0, 200);
        await transport.sendMail({ from, to: [...to], subject, text: noticeText(notice), headers: { 'X-Grove-Delivery': notice.id } });
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new DeliveryError(`${host}: ${message}`.slice(0, 500), { isFinal: isRefusal(cause), cause });
      }
    },
  };
}

/** SMTP answers from 500 on are final. */
function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && 'responseCode' in cause && typeof cause.responseCode === 'number' && cause.responseCode >= 500;
}
