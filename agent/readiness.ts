import { GroveError, toGroveError } from '../domain/errors.ts';
import type { AgentStatus } from '../domain/protocol.ts';

/** What readiness depends on, as narrow as it is. */
export interface ReadinessContext {
  /** Throws `low-disk`. */
  readonly cache: { assertSpace(neededBytes: number): Promise<void> };
  /** `wedged` is set while a process cannot be killed; `review` finds out whether it still is there. */
  readonly registry: { readonly wedged: GroveError | undefined; review(): Promise<void> };
  /** `problem` is set while a gate that waits is closed. */
  readonly gates: { readonly problem: GroveError | undefined };
}

/**
 * Whether this agent takes work, and in a person's words why not.
 *
 * ```
 *   ready <──space, no wedged child, gates open──> not-ready
 *     └────────────────drain────────────────┴──> draining (for good)
 * ```
 */
export class Readiness {
  readonly #context: ReadinessContext;
  #draining: string | undefined;
  #problem: GroveError | undefined;

  constructor(context: ReadinessContext) {
    this.#context = context;
  }

  get status(): AgentStatus {
    if (this.#draining !== undefined) return { state: 'draining', why: this.#draining };
    return this.#problem === undefined
      ? { state: 'ready', why: '' }
      : { state: 'not-ready', why: `${this.#problem.message} ${this.#problem.spec.advice}` };
  }

  /** The error an assignment is rejected with; undefined while ready. */
  get refusal(): GroveError | undefined {
    return this.#draining === undefined ? this.#problem : new GroveError('agent-shutdown', { agentId: 'draining' });
  }

  /** Looks again. Never throws. */
  async refresh(): Promise<void> {
    try {
      await this.#context.cache.assertSpace(0);
      await this.#context.registry.review();
      this.#problem = this.#context.registry.wedged ?? this.#context.gates.problem;
    } catch (error) {
      this.#problem = toGroveError(error);
    }
  }

  /** Takes no new work from now on. The first reason stays. */
  drain(why: string): void {
    this.#draining ??= why;
  }
}
