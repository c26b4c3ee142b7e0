import type { EpochMs } from '../../../domain/ports.ts';
import { MAX_KEPT_EVENTS } from '../order.ts';
import type { StoreEvent } from '../task-store.ts';
import type { Effects, EventDraft, State } from './state.ts';

/** Numbers the command's events, keeps them among the last ones and empties the collection. */
export function settleEffects(state: State, at: EpochMs): readonly StoreEvent[] {
  const events = collectDrafts(state).map((draft): StoreEvent => {
    state.counters.event += 1;
    return { ...draft, sequence: state.counters.event, at };
  });
  state.events.push(...events);
  if (state.events.length > MAX_KEPT_EVENTS * 2) state.events.splice(0, state.events.length - MAX_KEPT_EVENTS);
  clearEffects(state.effects);
  return events;
}

function collectDrafts(state: State): EventDraft[] {
  const { drafts, jobs, ready, freed, quotaFree } = state.effects;
  const jobDrafts = [...jobs].flatMap((jobId): EventDraft[] => {
    const record = state.jobs.get(jobId)?.record;
    return record === undefined ? [] : [{ type: 'job', jobId, state: record.state, counts: record.counts }];
  });
  const readyDrafts = [...ready].map((requirementDigest): EventDraft => ({ type: 'ready', requirementDigest }));
  const freedDrafts = [...freed].map((hostId): EventDraft => ({ type: 'host-free', hostId }));
  const quotaDrafts: readonly EventDraft[] = quotaFree ? [{ type: 'quota-free' }] : [];
  return [...drafts, ...jobDrafts, ...readyDrafts, ...freedDrafts, ...quotaDrafts];
}

function clearEffects(effects: Effects): void {
  effects.drafts.length = 0;
  effects.jobs.clear();
  effects.ready.clear();
  effects.freed.clear();
  effects.quotaFree = false;
}
