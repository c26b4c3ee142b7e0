import type { Pin } from '../../domain/suite.ts';

/** Where the farm remembers which suites are pinned, one pin each. */
export interface PinStore {
  /** By suite. */
  pins(): Promise<readonly Pin[]>;
  /** Replaces the suite's earlier pin. Durable when it resolves. */
  pin(pin: Pin): Promise<void>;
  /** Durable when it resolves; whether there was one. */
  unpin(suite: string): Promise<boolean>;
}
