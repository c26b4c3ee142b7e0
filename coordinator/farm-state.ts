import type { Health } from '../api/health.ts';
import type { Clock } from '../domain/ports.ts';
import type { SigningKey } from '../platform/ed25519.ts';
import type { AccessStore } from './access/access-store.ts';
import type { ImportStore } from './imports/import-store.ts';
import type { TaskLogs } from './logs/task-logs.ts';
import type { Broadcast } from './peers/broadcast.ts';
import type { Roll } from './peers/roll.ts';
import type { Turn } from './peers/turn.ts';
import type { PinStore } from './pins/pin-store.ts';
import type { TaskStore } from './store/task-store.ts';

/** Why agents could not renew for a moment, or deadlines cannot be trusted. */
export type Trouble = 'store-reconnect' | 'clock-jump';

/** Everything that belongs to the farm rather than to one coordinator, wherever it is kept. */
export interface FarmState {
  /** Time of the farm: what every deadline counts by. */
  readonly clock: Clock;
  readonly store: TaskStore;
  readonly logs: TaskLogs;
  readonly imports: ImportStore;
  readonly pins: PinStore;
  /** Signs evidence; one for all coordinators of the farm, made at its first start. */
  readonly key: SigningKey;
  /** Who may do what, and who did. */
  readonly accessStore: AccessStore;
  readonly broadcast: Broadcast;
  readonly roll: Roll;
  /** Whose turn it is to expire what is due. */
  readonly reaperTurn: Turn;
  /** For health reports. */
  health(): Promise<Health['store']>;
  /** Calls back when the store was away, or its clock jumped. */
  onTrouble(listener: (trouble: Trouble) => void): void;
}
