import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status as GrpcStatus } from '@grpc/grpc-js';
import type { GroveError } from '../../domain/errors.ts';
import type { AgentMessage, CoordinatorMessage } from '../../domain/protocol.ts';
import { readAgentMessage } from './from-wire.ts';
import { writeCoordinatorMessage } from './to-wire.ts';

/** Messages queued for an agent that does not read: each answers one of its own or is an assignment, so this many mean a stuck peer. */
const MAX_QUEUED_MESSAGES = 4_096;

export type RawStream = ServerDuplexStream<Buffer, Buffer>;

/** One agent's stream in domain words. */
export class MessageStream {
  readonly #raw: RawStream;
  readonly #onTooSlow: () => void;
  #open = true;
  #refused = false;

  constructor(raw: RawStream, onTooSlow: () => void) {
    this.#raw = raw;
    this.#onTooSlow = onTooSlow;
    const closed = (): void => {
      this.#open = false;
    };
    raw.on('cancelled', closed);
    raw.on('close', closed);
    // Errors of a broken connection end `incoming`; without a listener they would end the process.
    raw.on('error', closed);
  }

  /**
   * Messages in order until the agent closes its side or the connection breaks. The next one is read only after the previous was handled, so a busy
   * coordinator slows its agents down instead of growing. A refused agent is not listened to any more, whatever it goes on to send. Throws `malformed-message` and `message-too-large`.
   */
  async *incoming(): AsyncIterable<AgentMessage> {
    // Destroying the stream on leaving the loop would cut off the refusal that is still to be written.
    const chunks: AsyncIterator<Buffer> = this.#raw.iterator({ destroyOnReturn: false });
    for (;;) {
      const next = await chunks.next().catch(() => undefined);
      if (next === undefined || next.done === true || this.#refused) return;
      yield readAgentMessage(next.value);
    }
  }

  /** False when the stream is gone. Throws `message-too-large`. */
  send(message: CoordinatorMessage): boolean {
    if (!this.#open) return false;
    const bytes = writeCoordinatorMessage(message);
    if (this.#raw.writableLength >= MAX_QUEUED_MESSAGES) {
      this.#onTooSlow();
      this.destroy();
      return false;
    }
    this.#raw.write(bytes);
    return true;
  }

  /** Says why and closes: the last message of a stream that cannot go on. */
  refuse(error: GroveError): void {
    this.#refused = true;
    if (!this.#open) return;
    this.send({ type: 'refused', error: error.toReport() });
    this.#open = false;
    this.#raw.emit('error', { code: GrpcStatus[error.spec.grpc], details: `${error.code}: ${error.message}` });
  }

  end(): void {
    if (this.#open) this.#raw.end();
    this.#open = false;
  }

  destroy(): void {
    this.#open = false;
    this.#raw.destroy();
  }
}
