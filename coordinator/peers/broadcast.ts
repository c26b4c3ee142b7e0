import type { Notice } from './notice.ts';

/**
 * What the coordinators of a farm tell each other. Notices are momentary and may be lost: each only says sooner what its receiver learns from the store
 * anyhow, with the next heartbeat, hello or look.
 */
export interface Broadcast {
  /** To every other coordinator that is there now; never waits. */
  send(notice: Notice): void;
  /** What the others send. Returns the unsubscribe function. */
  listen(listener: (notice: Notice) => void): () => void;
}

/** Of a farm with one coordinator: nobody else is there. */
export const loneBroadcast: Broadcast = { send: () => {}, listen: () => () => {} };
