import fc from 'fast-check';
import type { AgentMark } from '../../../domain/agent-mark.ts';
import type { CurationChange } from '../../../domain/curation.ts';
import type { Priority } from '../../../domain/names.ts';
import { type SchedulingPolicy, schedulingPolicySchema } from '../../../domain/policy.ts';
import type { AttemptOutcome } from '../../../domain/task.ts';
import { PASS_FAILED, TRANSFER_FAILED, UNSUPPORTED } from '../../conformance/task-store/documents.ts';

/** Agents of the small world and the hosts they run on: two share one. */
export const AGENTS = { a: 'h1', b: 'h1', c: 'h2' } as const;
export type AgentName = keyof typeof AGENTS;
const AGENT_NAMES: readonly AgentName[] = ['a', 'b', 'c'];

/** A shape of job; numbers pick among conversions shared by all jobs. */
export interface JobShape {
  readonly benchmarks: number;
  readonly conversion: 0 | 1 | null;
  readonly resolve: boolean;
  /** Only this agent's device will do. */
  readonly unit: AgentName | null;
  readonly maxAttempts: number;
  readonly unsupported: boolean;
}

/** What happens next, in words that need no knowledge of the store. Numbers pick among what there is. */
export type Action =
  | { readonly type: 'submit'; readonly shape: JobShape; readonly priority: Priority; readonly submitter: string }
  | { readonly type: 'resubmit'; readonly pick: number; readonly changed: boolean }
  | { readonly type: 'link'; readonly pick: number; readonly conversion: 0 | 1 }
  | { readonly type: 'hello'; readonly agent: AgentName; readonly report: 'all' | 'none' | 'newest'; readonly clone: boolean }
  | {
      readonly type: 'heartbeat';
      readonly agent: AgentName;
      readonly renew: 'mine' | 'none' | 'foreign';
      readonly stale: boolean;
      readonly draining: boolean;
    }
  | { readonly type: 'close'; readonly agent: AgentName; readonly stale: boolean }
  | { readonly type: 'acquire'; readonly agent: AgentName; readonly stale: boolean; readonly again: boolean }
  | { readonly type: 'accept'; readonly pick: number; readonly forged: boolean }
  | { readonly type: 'reject'; readonly pick: number; readonly forged: boolean }
  | { readonly type: 'complete'; readonly pick: number; readonly outcome: Outcome; readonly forged: boolean }
  | { readonly type: 'mark'; readonly agent: AgentName; readonly kind: AgentMark['kind'] | null; readonly forMs: number | null }
  | { readonly type: 'policy'; readonly policy: SchedulingPolicy }
  | { readonly type: 'curate'; readonly cellId: string; readonly change: CurationChange }
  | { readonly type: 'cancel'; readonly pick: number }
  | { readonly type: 'pass'; readonly durationMs: number }
  | { readonly type: 'list' }
  | { readonly type: 'expire'; readonly durationMs: number; readonly listed: boolean };

export type Outcome = 'completed' | 'failed' | 'unsupported' | 'exception' | 'cancelled';

export function outcomeOf(outcome: Exclude<Outcome, 'completed'>): AttemptOutcome {
  if (outcome === 'failed') return { state: 'failed', error: PASS_FAILED };
  if (outcome === 'unsupported') return { state: 'failed', error: UNSUPPORTED };
  return outcome === 'exception' ? { state: 'exception', error: TRANSFER_FAILED } : { state: 'cancelled' };
}

/** Only what is given: an explicit `undefined` would not outlive a store. */
function policyOf(
  chosen: Readonly<Record<'annsWeight' | 'perSubmitter' | 'bob' | 'total' | 'each', number | undefined>>,
): SchedulingPolicy {
  const given = { weights: { ann: chosen.annsWeight }, quotas: { perSubmitter: chosen.perSubmitter, submitters: { bob: chosen.bob } } };
  const pools = { lab: { total: chosen.total, perSubmitter: chosen.each } };
  return schedulingPolicySchema.parse(JSON.parse(JSON.stringify({ ...given, quotas: { ...given.quotas, pools } })));
}

const pick = fc.nat({ max: 7 });
const agent = fc.constantFrom(...AGENT_NAMES);
const seldom = fc.nat({ max: 7 }).map((value) => value === 0);
const sometimes = fc.nat({ max: 3 }).map((value) => value === 0);
const shape: fc.Arbitrary<JobShape> = fc.record({
  benchmarks: fc.nat({ max: 2 }),
  conversion: fc.constantFrom(0, 1, null, null),
  resolve: sometimes,
  unit: fc.option(agent, { freq: 4 }),
  maxAttempts: fc.integer({ min: 1, max: 2 }),
  unsupported: seldom,
});

const submit = fc.record({
  type: fc.constant('submit' as const),
  shape,
  priority: fc.constantFrom<Priority>('urgent', 'interactive', 'interactive', 'sweep'),
  submitter: fc.constantFrom('ann', 'bob'),
});
const acquire = fc.record({ type: fc.constant('acquire' as const), agent, stale: seldom, again: seldom });
const accept = fc.record({ type: fc.constant('accept' as const), pick, forged: seldom });
const reject = fc.record({ type: fc.constant('reject' as const), pick, forged: seldom });
const outcome = fc.constantFrom<Outcome>('completed', 'completed', 'failed', 'unsupported', 'exception', 'cancelled');
const complete = fc.record({ type: fc.constant('complete' as const), pick, outcome, forged: seldom });
const hello = fc.record({ type: fc.constant('hello' as const), agent, report: fc.constantFrom('all', 'none', 'newest'), clone: seldom });
const renew = fc.constantFrom('mine', 'mine', 'none', 'foreign');
const heartbeat = fc.record({ type: fc.constant('heartbeat' as const), agent, renew, stale: seldom, draining: seldom });
const close = fc.record({ type: fc.constant('close' as const), agent, stale: sometimes });
const mark = fc.record({
  type: fc.constant('mark' as const),
  agent,
  kind: fc.constantFrom('paused', 'draining', 'quarantined', null, null),
  forMs: fc.constantFrom(5_000, 30_000, null),
});
const limit = fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 2 });
const policy = fc.record({
  type: fc.constant('policy' as const),
  policy: fc
    .record({ annsWeight: fc.constantFrom(1, 2, 0.5), perSubmitter: limit, bob: limit, total: limit, each: limit })
    .map(({ annsWeight, perSubmitter, bob, total, each }) => policyOf({ annsWeight, perSubmitter, bob, total, each })),
});
const curate = fc.record({
  type: fc.constant('curate' as const),
  cellId: fc.constantFrom('a'.repeat(16), 'b'.repeat(16)),
  change: fc.oneof(
    fc.constantFrom<CurationChange>({ kind: 'unpin' }, { kind: 'withdraw' }, { kind: 'acknowledge', state: 'noisy', reason: '' }),
    fc.constantFrom('t-1', 't-2').map((taskId): CurationChange => ({ kind: 'pin', taskIds: [taskId], reason: 'r' })),
    fc.constantFrom('n-1', 'n-2').map((id): CurationChange => ({ kind: 'note', id, text: id })),
  ),
});
const cancel = fc.record({ type: fc.constant('cancel' as const), pick });
const resubmit = fc.record({ type: fc.constant('resubmit' as const), pick, changed: sometimes });
const link = fc.record({ type: fc.constant('link' as const), pick, conversion: fc.constantFrom(0, 1) });
const durationMs = fc.constantFrom(1, 1_000, 5_000, 5_000, 15_000, 30_000, 300_001, 3_600_001, 7_200_001);
const pass = fc.record({ type: fc.constant('pass' as const), durationMs });
const expire = fc.record({
  type: fc.constant('expire' as const),
  durationMs: fc.constantFrom(0, 5_000, 15_000, 30_000),
  listed: sometimes,
});
const list = fc.record({ type: fc.constant('list' as const) });

/** One thing that happens, the common ones more often. */
const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: acquire, weight: 8 },
  { arbitrary: submit, weight: 4 },
  { arbitrary: complete, weight: 5 },
  { arbitrary: accept, weight: 3 },
  { arbitrary: hello, weight: 3 },
  { arbitrary: heartbeat, weight: 3 },
  { arbitrary: expire, weight: 3 },
  { arbitrary: cancel, weight: 1 },
  { arbitrary: close, weight: 1 },
  { arbitrary: mark, weight: 1 },
  { arbitrary: policy, weight: 1 },
  { arbitrary: curate, weight: 1 },
  { arbitrary: reject, weight: 1 },
  { arbitrary: resubmit, weight: 1 },
  { arbitrary: link, weight: 1 },
  { arbitrary: pass, weight: 1 },
  { arbitrary: list, weight: 1 },
);

/** Agents come first, so that something can happen. */
export const history: fc.Arbitrary<readonly Action[]> = fc
  .array(action, { minLength: 20, maxLength: 60, size: 'max' })
  .map((actions) => [...AGENT_NAMES.map((name): Action => ({ type: 'hello', agent: name, report: 'all', clone: false })), ...actions]);
