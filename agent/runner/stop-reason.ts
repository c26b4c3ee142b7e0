/**
 * Why a running attempt is told to stop:
 * - `cancelled`: a person cancelled; the attempt reports `cancelled`.
 * - `shutdown`: this agent stops; the attempt is handed back as `agent-shutdown`.
 * - `lease-gone`: revoked, abandoned or not renewed in time; nothing is reported, because somebody else may already have the task.
 */
export type StopKind = 'cancelled' | 'shutdown' | 'lease-gone';

/** The reason of an attempt's abort signal, so whatever awaits it throws this. */
export class TaskStopped extends Error {
  override readonly name = 'TaskStopped';
  readonly kind: StopKind;

  constructor(kind: StopKind, why: string) {
    super(why);
    this.kind = kind;
  }
}
