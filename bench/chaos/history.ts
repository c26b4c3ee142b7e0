import type { FarmEvent } from '../../api/events.ts';
import type { JobView } from '../../api/jobs.ts';

/** What was sent to a farm and what it answered, in the order in which this process saw it. */
export type HistoryEntry =
  /** A submit was answered: the farm has accepted the job. */
  | { readonly type: 'accepted'; readonly key: string; readonly jobId: string; readonly coordinator: string }
  /** A task was handed to an agent. */
  | { readonly type: 'assigned'; readonly agentId: string; readonly taskId: string; readonly attempt: number; readonly token: string }
  /** A result was sent, perhaps again. */
  | { readonly type: 'result-sent'; readonly agentId: string; readonly taskId: string; readonly attempt: number }
  /** A result was answered. */
  | {
      readonly type: 'result-answered';
      readonly agentId: string;
      readonly taskId: string;
      readonly attempt: number;
      readonly recorded: boolean;
      readonly code: string | null;
    }
  /** An event stream said something. */
  | { readonly type: 'event'; readonly coordinator: string; readonly event: FarmEvent }
  /** What was done to the farm. */
  | { readonly type: 'fault'; readonly what: string };

/** A recorded run: everything that happened, and what the farm says afterwards. */
export interface History {
  readonly entries: readonly HistoryEntry[];
  /** Coordinator -> the accepted jobs as it shows them when all is quiet. */
  readonly final: Readonly<Record<string, readonly JobView[]>>;
}
