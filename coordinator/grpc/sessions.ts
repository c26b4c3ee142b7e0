import type { AgentId, SessionId } from '../../domain/names.ts';
import type { CoordinatorMessage } from '../../domain/protocol.ts';

/** An agent's stream as others in this process see it. */
export interface LiveSession {
  readonly agentId: AgentId;
  readonly sessionId: SessionId;
  /** False when the stream is gone. */
  send(message: CoordinatorMessage): boolean;
  /** Ends the stream because a newer session took its place. */
  supersede(): void;
}

/** The streams this coordinator holds, one per agent: the newest wins. */
export class Sessions {
  readonly #byAgent = new Map<AgentId, LiveSession>();

  add(session: LiveSession): void {
    this.#byAgent.get(session.agentId)?.supersede();
    this.#byAgent.set(session.agentId, session);
  }

  remove(session: LiveSession): void {
    if (this.#byAgent.get(session.agentId) === session) this.#byAgent.delete(session.agentId);
  }

  /** False when the agent has no stream here. */
  tell(agentId: AgentId, message: CoordinatorMessage): boolean {
    return this.#byAgent.get(agentId)?.send(message) ?? false;
  }
}
