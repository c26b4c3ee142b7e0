import type { AgentId, SessionId } from '../../domain/names.ts';
import type { CoordinatorMessage } from '../../domain/protocol.ts';
import type { Broadcast } from '../peers/broadcast.ts';
import type { Notice } from '../peers/notice.ts';

/** What an agent is told about a lease: stop. */
export type Order = Extract<Notice, { type: 'cancel' | 'revoke' }>;

/** An agent's stream as others in this process see it. */
export interface LiveSession {
  readonly agentId: AgentId;
  readonly sessionId: SessionId;
  /** False when the stream is gone. */
  send(message: CoordinatorMessage): boolean;
  /** Ends the stream because a newer session took its place. */
  supersede(): void;
  /** Ends the stream because the agent's key was revoked. */
  expel(): void;
  /** Tells the agent of leases whose jobs were cancelled. */
  repeatCancels(): Promise<void>;
}

/** The streams this coordinator holds, one per agent: the newest wins. */
export class Sessions {
  readonly #byAgent = new Map<AgentId, LiveSession>();
  readonly #broadcast: Broadcast;
  readonly #unlisten: () => void;

  constructor(broadcast: Broadcast) {
    this.#broadcast = broadcast;
    this.#unlisten = broadcast.listen((notice) => {
      if (notice.type === 'cancel' || notice.type === 'revoke') this.#tellHere(notice);
      if (notice.type === 'expel') this.#byAgent.get(notice.agentId)?.expel();
    });
  }

  add(session: LiveSession): void {
    this.#byAgent.get(session.agentId)?.supersede();
    this.#byAgent.set(session.agentId, session);
  }

  remove(session: LiveSession): void {
    if (this.#byAgent.get(session.agentId) === session) this.#byAgent.delete(session.agentId);
  }

  /** Reaches the agent wherever in the farm its stream ends; a stream held here may be an old one, so the others hear of it in any case. */
  tell(order: Order): void {
    this.#tellHere(order);
    this.#broadcast.send(order);
  }

  /** Ends the stream of an agent whose key was revoked, wherever in the farm it ends. */
  expel(agentId: AgentId): void {
    this.#byAgent.get(agentId)?.expel();
    this.#broadcast.send({ type: 'expel', agentId });
  }

  /** Notices of others were lost for a while: looks for cancelled leases of every agent here. */
  repeatCancels(): void {
    // A session whose store fails ends by itself.
    for (const session of this.#byAgent.values()) void session.repeatCancels().catch(() => {});
  }

  stop(): void {
    this.#unlisten();
  }

  #tellHere({ agentId, ...message }: Order): void {
    this.#byAgent.get(agentId)?.send(message);
  }
}
