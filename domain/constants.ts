/** Times of the session and lease protocol, in one place because both sides and the stores must agree. Reasons: DESIGN section 4. */
export const PROTOCOL_VERSION = 2;

/** Agents send a heartbeat, which renews every lease they hold. */
export const HEARTBEAT_MS = 3_000;
/** An assignment not accepted within this is offered again; it spends an attempt number but not the retry budget. */
export const ACCEPT_MS = 5_000;
/** After a closed stream the agent has this long to come back before its tasks are pending again. */
export const STREAM_GRACE_MS = 5_000;
/** Without any message for this long an agent is lost. */
export const SILENCE_MS = 15_000;
export const LEASE_MS = 30_000;
/**
 * An accepted attempt ends after this, however faithfully its agent renews the lease: far longer than any stage's own time limit, which the agent keeps.
 * It begins with the acceptance, so that time in the queue is never charged.
 */
export const ATTEMPT_LIMIT_MS = { resolve: 3_600_000, convert: 7_200_000, benchmark: 7_200_000 } as const;
/** Upper bound of the random delay before an agent reconnects. */
export const RECONNECT_JITTER_MS = 3_000;
/** After a coordinator start, a store reconnect or a long event-loop stall nothing expires for this long. */
export const EXPIRY_HOLD_MS = 20_000;
/** An event-loop stall that starts such a hold. */
export const STALL_MS = 2_000;
/** An agent kills its children this long before an unrenewed lease ends on its own monotonic clock. */
export const KILL_MARGIN_MS = 2_000;
/** Largest protocol message in either direction. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** Largest log chunk an agent sends; longer output is split. */
export const MAX_LOG_CHUNK_CHARS = 16_384;
/** Log kept per attempt; what follows is counted, not stored. */
export const MAX_LOG_BYTES = 4_194_304;

/** The ONNX Runtime this version of the engine converts and measures with; a meta test keeps it equal to package.json. */
export const ENGINE_ORT_VERSION = '1.30.0';
