import type { Clock, Random } from '../domain/ports.ts';
import type { CoordinatorConfig } from './config.ts';
import type { Log } from './log-events.ts';
import type { Stopper, UndoList } from './stopper.ts';

/** What a test replaces to let time run as it likes. */
export interface CoordinatorPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** What the parts of a coordinator are opened with. */
export interface OpenRequest {
  readonly config: CoordinatorConfig;
  readonly undo: UndoList;
  readonly ports: CoordinatorPorts;
  readonly log: Log;
  readonly folder: string;
  readonly coordinatorId: string;
  readonly stopper: Stopper;
  /** Filled once the server listens; signed URLs name it. */
  readonly origin: { url: string };
}
