import type { Plan } from '../../api/submit.ts';
import { formatCount, plural, recipeLabel, shortEp } from '../../api/words.ts';
import { StateWord } from '../elements/state-word.tsx';
import { Table } from '../elements/table.tsx';
import { durationText } from '../elements/time.tsx';

/** What a submit would do: how long it may take, its tasks, which devices fit, and what is odd about it. */
export function PlanView({ plan, isOld }: { readonly plan: Plan; readonly isOld: boolean }) {
  const remarks = [
    ...plan.warnings.map(({ recipeId, path, message }) => `${recipeLabel(recipeId)} ${path}: ${message}`),
    ...plan.lint.map(({ recipeId, message }) => `${recipeLabel(recipeId)}: ${message}`),
  ];
  return (
    <section aria-live="polite">
      <h2>What it will do</h2>
      {isOld && <p class="notice warn">The form has changed since: run it again.</p>}
      <p>
        <strong>{formatCount(plan.taskCount)}</strong> {plan.taskCount === 1 ? 'task' : 'tasks'}
        {plan.cachedConversions > 0 && `, ${plural(plan.cachedConversions, 'conversion')} stored already`};{' '}
        {plan.etaMs === null ? `how long is unknown: ${plan.etaUnknown}` : `done in about ${durationText(plan.etaMs)}`}.
      </p>
      {remarks.length > 0 && (
        <ul class="remarks">
          {remarks.map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
      <Table
        label="Tasks of the plan"
        heads={[
          { text: 'Task' },
          { text: 'Recipe' },
          { text: 'Devices', kind: 'wrap' },
          { text: 'Provider' },
          { text: 'State' },
          { text: 'Starts', kind: 'figure' },
          { text: 'Ends', kind: 'figure' },
          { text: 'Remark', kind: 'wrap' },
        ]}
        rows={plan.tasks.map((task, index) => ({ key: String(index), cells: taskCells(task) }))}
      />
      {plan.taskCount > plan.tasks.length && <p class="muted">The first {plan.tasks.length} tasks.</p>}
      <Fits fits={plan.fits} />
    </section>
  );
}

function taskCells({ kind, recipeId, deviceNames, deviceCount, executedEp, state, estimate, reason }: Plan['tasks'][number]) {
  const further = deviceCount - deviceNames.length;
  const when = (ms: number | null | undefined) => (ms === null || ms === undefined ? '–' : ms === 0 ? 'now' : `in ${durationText(ms)}`);
  return [
    kind,
    recipeLabel(recipeId),
    `${deviceNames.join(', ')}${further > 0 ? ` and ${further} more` : ''}`,
    executedEp === null ? '' : shortEp(executedEp),
    <StateWord key="state" state={state} />,
    when(estimate?.startMs),
    when(estimate?.endMs),
    [reason, estimate?.unknown].filter(Boolean).join('; '),
  ];
}

function Fits({ fits }: { readonly fits: Plan['fits'] }) {
  const refused = fits.filter((fit) => fit.refused.length > 0);
  if (refused.length === 0) return null;
  return (
    <details>
      <summary>Devices that do not fit</summary>
      <ul>
        {refused.flatMap(({ recipeId, refused: lines }) =>
          lines.map(({ line, count, first }) => (
            <li key={`${recipeId} ${line}`}>
              {recipeLabel(recipeId)}: {line}{' '}
              <span class="muted">
                ({count === first.length ? first.join(', ') : `${first.join(', ')} and ${count - first.length} more`})
              </span>
            </li>
          )),
        )}
      </ul>
    </details>
  );
}
