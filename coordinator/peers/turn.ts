/** Work that one coordinator of a farm at a time should do. Two at once would only waste effort: whatever is done in turn is safe to do twice. */
export interface Turn {
  /** Whether it is this coordinator's turn now; asking keeps it. */
  isMine(): Promise<boolean>;
  /** Lets another take over at once. */
  release(): Promise<void>;
}

/** Of a farm with one coordinator. */
export const alwaysMine: Turn = { isMine: async () => true, release: async () => {} };
