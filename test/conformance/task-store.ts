import { describe } from 'vitest';
import { describeAvoidance } from './task-store/avoidance.ts';
import { describeCurations } from './task-store/curations.ts';
import { describeDeadlines } from './task-store/deadlines.ts';
import { describeEvents } from './task-store/events.ts';
import type { StoreFactory } from './task-store/harness.ts';
import { describeJobs } from './task-store/jobs.ts';
import { describeLeases } from './task-store/leases.ts';
import { describeLimits } from './task-store/limits.ts';
import { describeLists } from './task-store/lists.ts';
import { describeMarks } from './task-store/marks.ts';
import { describePlacement } from './task-store/placement.ts';
import { describeQuotas } from './task-store/quotas.ts';
import { describeSessions } from './task-store/sessions.ts';
import { describeSharing } from './task-store/sharing.ts';
import { describeTurns } from './task-store/turns.ts';

/** What every `TaskStore` must do, whatever keeps its state. */
export function describeTaskStore(name: string, makeStore: StoreFactory): void {
  describe(name, () => {
    describeJobs(makeStore);
    describeLeases(makeStore);
    describeSessions(makeStore);
    describePlacement(makeStore);
    describeLimits(makeStore);
    describeDeadlines(makeStore);
    describeAvoidance(makeStore);
    describeMarks(makeStore);
    describeQuotas(makeStore);
    describeCurations(makeStore);
    describeSharing(makeStore);
    describeEvents(makeStore);
    describeTurns(makeStore);
    describeLists(makeStore);
  });
}
