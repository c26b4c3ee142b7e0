import { MAX_NOTICE_ITEMS, type Notice, type NoticeItem, type NoticeReason } from '../../api/notifications.ts';
import type { Cell, Matrix } from '../../domain/matrix.ts';
import { type ListedCell, listedCells } from '../../domain/matrix-lists.ts';
import { columnText, rowText } from '../../domain/matrix-text.ts';

/** What a notice is made with beside what it tells. */
export interface NoticeFacts {
  readonly reasons: readonly NoticeReason[];
  readonly publicUrl: string | null;
  readonly at: number;
}

type CellReason = Extract<NoticeReason, 'regressed' | 'fell-back'>;

/** One digest of a job: the cells that its results made regressed or fallen back; undefined when there are none. What somebody has acknowledged is left out. */
export function jobNotice(
  matrix: Matrix,
  job: { readonly jobId: string; readonly taskIds: ReadonlySet<string> },
  facts: NoticeFacts,
): Notice | undefined {
  const { reasons, publicUrl, at } = facts;
  const items = listedCells(matrix).flatMap((listed) => {
    const reason = badlyChanged(listed.cell, job.taskIds);
    return reason === undefined || !reasons.includes(reason) ? [] : [cellItem(listed, reason, publicUrl)];
  });
  if (items.length === 0) return undefined;
  const counted = countsOf(items);
  return { ...noticeOf(items, at), id: `job:${job.jobId}`, kind: 'job', subject: `job ${job.jobId}: ${counted}`, jobId: job.jobId };
}

/** A notice but for what it is about: the first items, and how many more there are. */
export function noticeOf(items: readonly NoticeItem[], at: number): Pick<Notice, 'schemaVersion' | 'at' | 'items' | 'more'> {
  return { schemaVersion: 1, at, items: items.slice(0, MAX_NOTICE_ITEMS), more: Math.max(0, items.length - MAX_NOTICE_ITEMS) };
}

/** `2 regressed, 1 fell-back`. */
export function countsOf(items: readonly NoticeItem[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of items) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
}

export function cellItem({ row, column, cell }: ListedCell, reason: NoticeReason, publicUrl: string | null): NoticeItem {
  const { device, detail } = columnText(column);
  return {
    reason,
    name: `${rowText(row).name} on ${device}`.slice(0, 2_000),
    detail: [row.modelId, detail, cell.reason].filter(Boolean).join('; ').slice(0, 2_000),
    url: publicUrl === null ? null : `${publicUrl}/cells/${cell.id}`,
  };
}

/** Whether a result of these tasks names such a state: of a cell of several units, that of a unit. */
function badlyChanged({ state, badges, provenance, unitStates }: Cell, taskIds: ReadonlySet<string>): CellReason | undefined {
  if (badges.includes('acknowledged')) return undefined;
  if (unitStates.length === 0) return taskIds.has(provenance.taskId) ? reasonOf(state) : undefined;
  const own = unitStates.filter(({ taskId }) => taskIds.has(taskId)).flatMap((unit) => reasonOf(unit.state) ?? []);
  return own.includes('fell-back') ? 'fell-back' : own[0];
}

function reasonOf(state: Cell['state']): CellReason | undefined {
  return state === 'regressed' || state === 'fell-back' ? state : undefined;
}
