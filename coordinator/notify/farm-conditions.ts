import type { NoticeItem } from '../../api/notifications.ts';
import { markText } from '../../domain/agent-mark.ts';
import type { Matrix } from '../../domain/matrix.ts';
import { cellsInList } from '../../domain/matrix-lists.ts';
import { shortEp } from '../../domain/matrix-text.ts';
import type { AgentRecord, QueueSummary } from '../store/task-store.ts';
import { cellItem } from './job-notice.ts';
import type { NotifyConfig } from './notify-config.ts';

/** The farm at one moment. */
export interface FarmView {
  readonly agents: readonly AgentRecord[];
  readonly queues: readonly QueueSummary[];
  readonly matrix: Matrix;
  readonly now: number;
}

export type ConditionSettings = Pick<NotifyConfig, 'reasons' | 'publicUrl' | 'noDataDays' | 'oldestWaitMinutes'>;

/** What is wrong in the farm now, under names that stay the same while it goes on. */
export function farmConditions(view: FarmView, settings: ConditionSettings): ReadonlyMap<string, NoticeItem> {
  const all = [...quarantined(view, settings), ...waiting(view, settings), ...withoutData(view, settings)];
  return new Map(all.filter(([, { reason }]) => settings.reasons.includes(reason)));
}

type Condition = readonly [string, NoticeItem];

function quarantined({ agents }: FarmView, { publicUrl }: ConditionSettings): readonly Condition[] {
  return agents.flatMap(({ agentId, mark }): readonly Condition[] => {
    if (mark?.kind !== 'quarantined') return [];
    const url = publicUrl === null ? null : `${publicUrl}/agents`;
    return [[`quarantined ${agentId} ${mark.since}`, { reason: 'quarantined', name: agentId, detail: markText(mark), url }]];
  });
}

function waiting({ queues, now }: FarmView, { publicUrl, oldestWaitMinutes }: ConditionSettings): readonly Condition[] {
  return queues.flatMap(({ requirementDigest, requirement, pending, oldestEnqueuedAt }): readonly Condition[] => {
    const minutes = Math.floor((now - oldestEnqueuedAt) / 60_000);
    if (pending === 0 || minutes < oldestWaitMinutes) return [];
    const { kind, deviceModel, deviceClass, unit, ep } = requirement;
    const name = `${kind} for ${unit ?? deviceModel ?? deviceClass}, ${shortEp(ep)}`;
    const url = publicUrl === null ? null : `${publicUrl}/jobs`;
    return [
      [
        `oldest-wait ${requirementDigest}`,
        { reason: 'oldest-wait', name, detail: `the oldest of ${pending} has waited ${minutes} min`, url },
      ],
    ];
  });
}

function withoutData({ matrix, now }: FarmView, { publicUrl, noDataDays }: ConditionSettings): readonly Condition[] {
  return cellsInList({ ...matrix, generatedAt: now }, 'missing-since', noDataDays)
    .filter(({ cell }) => !cell.badges.includes('imported'))
    .map((listed) => {
      const item = cellItem(listed, 'no-data', publicUrl);
      return [`no-data ${listed.cell.id}`, { ...item, detail: `no result for ${noDataDays} days; ${item.detail}`.slice(0, 2_000) }];
    });
}
