import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, it } from 'vitest';
import { createEmail } from './email.ts';
import { NOTICE } from './notice.cases.ts';

let servers: SMTPServer[] = [];

afterEach(async () => {
  for (const server of servers) await new Promise<void>((resolve) => server.close(() => resolve()));
  servers = [];
});

interface Mail {
  readonly to: readonly string[];
  readonly content: string;
}

/** A real mail server on loopback. */
async function startMailServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const started = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, callback) {
      void text(stream).then((content) => {
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), content });
        callback();
      });
    },
    ...options,
  });
  servers.push(started);
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a port');
  const settings = {
    host: '127.0.0.1',
    port: address.port,
    secure: false,
    login: null,
    from: 'grove@lab.test',
    to: ['ann@lab.test', 'bob@lab.test'],
  };
  return { mails, settings };
}

const signal = new AbortController().signal;

it('writes one mail to everybody', async () => {
  const { mails, settings } = await startMailServer();
  await createEmail(settings).deliver(NOTICE, signal);
  expect(mails).toHaveLength(1);
  const [{ to, content } = { to: [], content: '' }] = mails;
  expect(to).toEqual(['ann@lab.test', 'bob@lab.test']);
  expect(content).toMatch(/^Subject: \[grove\] job j-1: 1 regressed\r?$/m);
  expect(content).toContain('regressed: qdq_amd on AMD NPU');
  expect(content).toContain('http://grove.lab/cells/1');
});

it('lets no name of a job or device write a header', async () => {
  const { mails, settings } = await startMailServer();
  await createEmail(settings).deliver({ ...NOTICE, subject: 'x\r\nBcc: eve@lab.test\r\n\r\nhello' }, signal);
  expect(mails[0]?.to).toEqual(['ann@lab.test', 'bob@lab.test']);
  const [head = ''] = mails[0]?.content.split('\r\n\r\n') ?? [];
  expect(head).toContain('Subject: [grove] x Bcc: eve@lab.test hello');
  expect(head).not.toMatch(/^Bcc:/m);
});

it('tells a refusal from trouble that may pass', async () => {
  const refuse = (responseCode: number): SMTPServerOptions => ({
    onRcptTo: (_, __, callback) => callback(Object.assign(new Error('no'), { responseCode })),
  });
  const { settings } = await startMailServer(refuse(550));
  await expect(createEmail(settings).deliver(NOTICE, signal)).rejects.toMatchObject({ isFinal: true });
  const later = await startMailServer(refuse(451));
  await expect(createEmail(later.settings).deliver(NOTICE, signal)).rejects.toMatchObject({ isFinal: false });
});

it('sends no password to a server without TLS', async () => {
  const seen: unknown[] = [];
  const { mails, settings } = await startMailServer({ onAuth: (auth) => void seen.push(auth) });
  const email = createEmail({ ...settings, login: { user: 'grove', password: 'secret' } });
  await expect(email.deliver(NOTICE, signal)).rejects.toThrow();
  expect([seen, mails]).toEqual([[], []]);
});
