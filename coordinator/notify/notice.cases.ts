import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Notice } from '../../api/notifications.ts';

export const NOTICE: Notice = {
  schemaVersion: 1,
  id: 'job:j-1',
  kind: 'job',
  at: 1_000,
  subject: 'job j-1: 1 regressed',
  jobId: 'j-1',
  items: [{ reason: 'regressed', name: 'qdq_amd on AMD NPU', detail: 'slower: 1.080x its baseline', url: 'http://grove.lab/cells/1' }],
  more: 0,
};

export interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real HTTP server on loopback that answers with these statuses in turn, the last of them from then on. */
export async function startReceiver(statuses: readonly number[] = [204]) {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 204;
      received.push({ headers: request.headers, body });
      response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end();
      for (const wake of waiting.splice(0)) wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on a port, not on a path.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    /** Resolves when so many requests have come. */
    async until(count: number): Promise<void> {
      while (received.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
