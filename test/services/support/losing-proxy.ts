import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server on this machine that can lose answers: what the connection of a command does when it breaks at the worst moment. */
export interface LosingProxy {
  readonly port: number;
  /** The next request that carries this text reaches the server; its answer does not come back, and the connection is closed. */
  loseAnswerTo(text: string): void;
  /** How many answers were lost. */
  lost(): number;
  /** Closes every connection; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

export async function startLosingProxy(targetPort: number): Promise<LosingProxy> {
  const open = new Set<Socket>();
  let sign: string | undefined;
  let lost = 0;
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    let mute = false;
    for (const socket of [client, target]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (sign !== undefined && bytes.includes(sign)) {
        sign = undefined;
        mute = true;
      }
      target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (!mute) client.write(bytes);
      else {
        lost += 1;
        client.destroy();
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    loseAnswerTo: (text) => {
      sign = text;
    },
    lost: () => lost,
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
