import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import * as wire from '../../proto/gen/grove/v1/agent.ts';
import { GrpcFilter } from './grpc-filter.ts';

/** What passes between an agent and its coordinator, with the side that sent it. */
export type Passing =
  | ({ readonly from: 'agent' } & NonNullable<wire.AgentMessage['message']>)
  | ({ readonly from: 'coordinator' } & NonNullable<wire.CoordinatorMessage['message']>);

/** What becomes of a message: it goes on, is lost, or is lost together with the connection. */
export type Fate = 'pass' | 'lose' | 'cut';

/**
 * A TCP proxy between agents and a coordinator that understands just enough of HTTP/2 to lose single protocol messages: gRPC runs over frames, and a
 * DATA frame that is left out harms nothing else of the connection.
 */
export class AgentLink {
  readonly #server: Server;
  readonly #target: () => string;
  readonly #sockets = new Set<Socket>();
  #fateOf: (message: Passing) => Fate = () => 'pass';

  private constructor(target: () => string) {
    this.#target = target;
    this.#server = createServer((agent) => this.#join(agent));
  }

  /** @param target `host:port` of the coordinator, asked for with every new connection. */
  static async open(target: () => string): Promise<AgentLink> {
    const link = new AgentLink(target);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  /** What an agent is given as its coordinator's address. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `grpc://127.0.0.1:${port}`;
  }

  /** From now on every message meets the fate that `rule` says. */
  rule(rule: (message: Passing) => Fate): void {
    this.#fateOf = rule;
  }

  /** The first message that matches meets this fate; resolves when it has. */
  once(fate: Exclude<Fate, 'pass'>, matches: (message: Passing) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.rule((message) => {
        if (!matches(message)) return 'pass';
        this.rule(() => 'pass');
        resolve();
        return fate;
      });
    });
  }

  /** Breaks every connection; new ones are served. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #join(agent: Socket): void {
    const [host = '', port = ''] = this.#target().split(':');
    const coordinator = connect(Number(port), host);
    const end = () => {
      agent.destroy();
      coordinator.destroy();
    };
    for (const socket of [agent, coordinator]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    const decide = (message: Passing | undefined): boolean => {
      const fate = message === undefined ? 'pass' : this.#fateOf(message);
      if (fate === 'cut') end();
      return fate === 'pass';
    };
    const fromAgent = new GrpcFilter({
      hasPreface: true,
      keep: (bytes) => decide(passing('agent', wire.AgentMessage.decode(bytes).message)),
    });
    const fromCoordinator = new GrpcFilter({
      hasPreface: false,
      keep: (bytes) => decide(passing('coordinator', wire.CoordinatorMessage.decode(bytes).message)),
    });
    agent.on('data', (chunk: Buffer) => coordinator.write(fromAgent.filter(chunk)));
    coordinator.on('data', (chunk: Buffer) => agent.write(fromCoordinator.filter(chunk)));
  }
}

function passing<From extends Passing['from'], M extends object>(from: From, message: M | undefined): ({ from: From } & M) | undefined {
  return message === undefined ? undefined : { from, ...message };
}
