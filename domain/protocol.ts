import type { Device, DeviceState, HostInfo, Missing } from './device.ts';
import type { ErrorReport } from './errors.ts';
import type { Blob } from './manifest.ts';
import type { AgentId, SessionId } from './names.ts';
import type { Assignment, AttemptOutcome, LeaseRef, Stage } from './task.ts';

/**
 * Messages of the one bidirectional stream between an agent and its coordinator, in domain words. `proto/grove/v1/agent.proto` is the wire form; both
 * ends convert at once.
 *
 * ```
 *   agent                                   coordinator
 *   hello ────────────────────────────────> (session; verdict per held lease)
 *         <──────────────────────────────── welcome
 *         <──────────────────────────────── assign
 *   accept | reject ──────────────────────>
 *   progress, logChunk, grantRequest ─────> grant
 *   heartbeat (renews all leases) ────────> renewed
 *   complete, resent until acknowledged ──> completeAck
 *   quarantine (a device is broken) ──────> (the agent is marked)
 *         <──────────────────────────────── cancel (stop and report) | revoke (stop, lease gone) | drain
 * ```
 */

/** What an agent can take on. Anything but `ready` gets no assignments. */
export interface AgentStatus {
  readonly state: 'ready' | 'not-ready' | 'draining';
  /** For a person: why not ready. Empty when ready. */
  readonly why: string;
}

/** A lease an agent still holds when it connects. */
export interface HeldLease {
  readonly lease: LeaseRef;
  readonly stage: Stage | null;
  /** The work is done and its result waits on disk for an acknowledgement. */
  readonly resultPending: boolean;
}

export interface Hello {
  readonly type: 'hello';
  readonly protocolVersion: number;
  readonly agentVersion: string;
  readonly agentId: AgentId;
  /** Random per data folder: a second process with the same agent id but another instance is a clone. */
  readonly instanceId: string;
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  readonly missing: readonly Missing[];
  readonly status: AgentStatus;
  readonly heldLeases: readonly HeldLease[];
}

export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly status: AgentStatus;
  /** Device name -> momentary state. */
  readonly deviceStates: Readonly<Record<string, DeviceState>>;
  readonly renewals: readonly LeaseRef[];
}

export interface Progress {
  readonly type: 'progress';
  readonly lease: LeaseRef;
  readonly stage: Stage;
  /** Of this stage, 0 to 1. */
  readonly fraction: number;
  readonly note: string;
}

export interface LogChunk {
  readonly type: 'logChunk';
  readonly lease: LeaseRef;
  /** Counts up from 0 per attempt, so that a resent chunk is stored once. */
  readonly sequence: number;
  readonly text: string;
}

export interface GrantRequest {
  readonly type: 'grantRequest';
  readonly requestId: string;
  readonly lease: LeaseRef;
  readonly direction: 'put' | 'get';
  readonly blobs: readonly Blob[];
}

/** The agent asks to get no more work until a person has recovered it: a device of it stopped working and could not be brought back. */
export interface QuarantineRequest {
  readonly type: 'quarantine';
  readonly reason: string;
  readonly fix: string;
}

export type AgentMessage =
  | Hello
  | Heartbeat
  | { readonly type: 'accept'; readonly lease: LeaseRef }
  | { readonly type: 'reject'; readonly lease: LeaseRef; readonly error: ErrorReport }
  | Progress
  | LogChunk
  | GrantRequest
  | { readonly type: 'complete'; readonly lease: LeaseRef; readonly outcome: AttemptOutcome }
  | QuarantineRequest;

export interface LeaseVerdict {
  readonly lease: Pick<LeaseRef, 'taskId' | 'attempt'>;
  /** `abandon`: kill the work, delete its result. */
  readonly verdict: 'continue' | 'abandon';
  /** Remaining lease from now, for `continue`. */
  readonly durationMs: number;
}

export interface Welcome {
  readonly type: 'welcome';
  readonly protocolVersion: number;
  readonly coordinatorVersion: string;
  readonly sessionId: SessionId;
  readonly heartbeatMs: number;
  readonly leases: readonly LeaseVerdict[];
}

/** One range of a blob that is sent by itself. */
export interface GrantPart {
  readonly firstByte: number;
  readonly sizeBytes: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A short-lived URL bound to one digest and size. */
export interface Grant {
  readonly sha256: string;
  /** The store already has it: nothing to upload. `url` is then empty. */
  readonly present: boolean;
  /** Where the whole goes, or comes from; empty when there is nothing to send, or only `parts`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a large blob: the next ranges to send, those left out that the store has already. */
  readonly parts: readonly GrantPart[];
  /**
   * The store has to prove the bytes itself: once everything named here is sent, ask again, until the answer is `present` (or names the next parts). With
   * nothing to send, the store is still at it.
   */
  readonly confirm: boolean;
}

export type CoordinatorMessage =
  | Welcome
  | { readonly type: 'assign'; readonly assignment: Assignment }
  | { readonly type: 'renewed'; readonly leases: readonly LeaseVerdict[] }
  | { readonly type: 'grant'; readonly requestId: string; readonly grants: readonly Grant[]; readonly error: ErrorReport | null }
  | {
      readonly type: 'completeAck';
      readonly lease: Pick<LeaseRef, 'taskId' | 'attempt'>;
      readonly recorded: boolean;
      readonly error: ErrorReport | null;
    }
  | { readonly type: 'cancel'; readonly lease: Pick<LeaseRef, 'taskId' | 'attempt'>; readonly by: string }
  | { readonly type: 'revoke'; readonly lease: Pick<LeaseRef, 'taskId' | 'attempt'>; readonly why: string }
  | { readonly type: 'drain'; readonly why: string }
  | { readonly type: 'refused'; readonly error: ErrorReport };
