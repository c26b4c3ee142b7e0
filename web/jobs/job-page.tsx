import { useEffect, useState } from 'preact/hooks';
import type { FarmEvent } from '../../api/events.ts';
import type { Explanation, JobView } from '../../api/jobs.ts';
import type { ProgressView, TaskSummary } from '../../api/tasks.ts';
import { jobProgress, jobProgressText, recipeLabel, shortEp } from '../../api/words.ts';
import { Facts } from '../elements/facts.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { StateWord } from '../elements/state-word.tsx';
import { Ago, durationText, Instant } from '../elements/time.tsx';
import { FarmProblem, farm } from '../farm/farm.ts';
import { live } from '../farm/live.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { LogView } from './log-view.tsx';
import { hasEnded, stagesOf } from './task-progress.ts';

/** One job as it goes: its tasks with their stages, why the rest waits, and the log of each attempt. */
export function JobPage({ jobId }: { readonly jobId: string }) {
  const changedBy = (event: FarmEvent) => isOfJob(event, jobId);
  const { value: job, problem, reload } = useAnswer({ ask: (signal) => farm.job(jobId, { signal }), key: jobId, changedBy });
  if (job === undefined) return problem === undefined ? <Loading what="the job" /> : <Problem problem={problem} />;
  return (
    <>
      <p class="crumbs">
        <a href="/jobs">Jobs</a> / {jobId}
      </p>
      <PageHead
        title={`Job ${jobId}`}
        heading={
          <>
            Job <code>{jobId}</code> <StateWord state={job.state} />
          </>
        }
        tools={
          <>
            {!hasEnded(job.state) && <Cancel jobId={jobId} onDone={reload} />}
            <a href={`/api/v1/jobs/${jobId}`}>JSON</a>
          </>
        }
      />
      <JobFacts job={job} />
      {!hasEnded(job.state) && <Waiting jobId={jobId} />}
      <Tasks job={job} />
    </>
  );
}

function isOfJob(event: FarmEvent, jobId: string): boolean {
  return (event.type === 'job' && event.jobId === jobId) || (event.type === 'task' && event.jobIds.includes(jobId));
}

function Cancel({ jobId, onDone }: { readonly jobId: string; readonly onDone: () => void }) {
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<FarmProblem>();
  const fail = (error: unknown) => {
    if (!(error instanceof FarmProblem)) throw error;
    setProblem(error);
  };
  if (!isAsked) {
    return (
      <button type="button" class="plain" onClick={() => setAsked(true)}>
        Cancel…
      </button>
    );
  }
  return (
    <div>
      Cancel what has not ended?{' '}
      <button type="button" class="plain" onClick={() => void farm.cancel(jobId).then(onDone).catch(fail)}>
        Cancel the job
      </button>{' '}
      <button type="button" class="plain" onClick={() => setAsked(false)}>
        Keep it
      </button>
      {problem !== undefined && <Problem problem={problem} />}
    </div>
  );
}

function JobFacts({ job }: { readonly job: JobView }) {
  const { ended, total } = jobProgress(job.counts);
  return (
    <>
      <p class="progress">
        <progress max={Math.max(1, total)} value={ended} aria-label="Tasks that have ended" /> {jobProgressText(job.counts)} tasks ended
      </p>
      <Facts
        facts={[
          [
            'Submitted',
            <>
              <Instant at={job.submittedAt} /> by {job.submitter}
            </>,
          ],
          ['Ended', job.endedAt !== null && <Instant at={job.endedAt} />],
          ['Why', job.cause?.reason],
          ['Model', job.model.kind === 'hub' ? job.model.modelId : `${job.model.fileCount} uploaded files`],
          ['On', [job.on, ...job.where].map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(', ')],
          ['Tier, priority', `${job.tier}, ${job.priority}`],
          ['Substitute', [job.substituteEp, job.substituteDevice].filter(Boolean).join(', ')],
          ['Follows the fleet until', job.followsUntil !== null && <Instant at={job.followsUntil} />],
          ['Deadline', job.deadlineAt !== null && <Instant at={job.deadlineAt} />],
        ]}
      />
    </>
  );
}

/** Why what waits waits, and which devices would take it. */
function Waiting({ jobId }: { readonly jobId: string }) {
  const { value } = useAnswer({
    ask: (signal) => farm.explain(jobId, { signal }),
    key: `explain ${jobId}`,
    changedBy: (event) => isOfJob(event, jobId) || event.type === 'agent',
  });
  const waiting = value?.tasks.filter(({ state }) => state === 'pending' || state === 'waiting') ?? [];
  if (waiting.length === 0) return null;
  return (
    <details class="notice" open={waiting.some(({ matchingCount }) => matchingCount === 0)}>
      <summary>
        <strong>{waiting.length === 1 ? '1 task waits' : `${waiting.length} tasks wait`}</strong>
      </summary>
      <ul>
        {waiting.slice(0, 20).map((task) => (
          <li key={task.taskId}>
            {task.kind} {recipeLabel(task.recipeId)}: {whyWaiting(task)}
            {task.matchingCount === 0 && (
              <ul>
                {task.refused.slice(0, 5).map(({ deviceName, lines }) => (
                  <li key={deviceName}>
                    {deviceName}: {lines.join('; ')}
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function whyWaiting({ needs, position, estimate, matching, matchingCount }: Explanation['tasks'][number]): string {
  if (needs.some(({ state }) => !hasEnded(state))) return 'waits for the task before it';
  const start = estimate.startMs === null ? estimate.unknown : `starts in about ${durationText(estimate.startMs)}`;
  const place = position === null ? '' : `number ${position} in its queue`;
  const devices =
    matchingCount === 0 ? 'no device can take it' : `${matchingCount} could take it (${matching[0]?.deviceName}: ${matching[0]?.status})`;
  return [place, start, devices].filter(Boolean).join('; ');
}

function Tasks({ job }: { readonly job: JobView }) {
  return (
    <section>
      <h2>Tasks</h2>
      <ul class="tasks">
        {job.tasks.map((task) => (
          <Task key={task.taskId} task={task} />
        ))}
      </ul>
      {job.tasks.length < job.taskCount && (
        <p class="muted">
          The first {job.tasks.length} of {job.taskCount} tasks; <code>grove job view</code> shows the rest.
        </p>
      )}
    </section>
  );
}

function Task({ task }: { readonly task: TaskSummary }) {
  const { taskId, kind, recipeId, requirement, state, error, attempts, summary } = task;
  const [shown, setShown] = useState<number>();
  const progress = useProgress(task);
  const where = attempts.at(-1)?.deviceName ?? requirement.unit ?? requirement.deviceModel ?? requirement.deviceClass;
  return (
    <li class="task">
      <p class="task-head">
        <StateWord state={state} /> <strong>{kind}</strong> {recipeLabel(recipeId)}{' '}
        <span class="muted">
          on {where}
          {kind === 'benchmark' && `, ${shortEp(requirement.ep)}`}
        </span>
        <span class="task-side">
          {attempts.map(({ attempt }) => (
            <button
              key={attempt}
              type="button"
              class="link"
              aria-expanded={shown === attempt}
              onClick={() => setShown(shown === attempt ? undefined : attempt)}
            >
              log{attempts.length > 1 && ` ${attempt}`}
            </button>
          ))}
          <a href={`/api/v1/tasks/${taskId}`}>JSON</a>
        </span>
      </p>
      {state !== 'cancelled' && <Stages task={{ kind, state, progress }} />}
      {progress !== null && progress.note !== '' && <p class="muted small">{progress.note}</p>}
      {(summary !== '' || error !== null) && <p class="small">{summary === '' ? `${error?.message} ${error?.advice}` : summary}</p>}
      {attempts.some(({ ended }) => ended?.error != null) && <Attempts task={task} />}
      {shown !== undefined && <LogView key={shown} taskId={taskId} attempt={shown} />}
    </li>
  );
}

/** The newest progress: from the answer, then from events, which come more often. */
function useProgress({ taskId, progress, state }: TaskSummary): ProgressView | null {
  const [heard, setHeard] = useState<ProgressView | null>(null);
  useEffect(
    () =>
      live.onEvent((event) => {
        if (event.type === 'progress' && event.taskId === taskId) setHeard(event);
      }),
    [taskId],
  );
  if (state !== 'running') return null;
  return heard !== null && heard.attempt >= (progress?.attempt ?? 0) ? heard : progress;
}

function Stages({ task }: { readonly task: Pick<TaskSummary, 'kind' | 'state' | 'progress'> }) {
  const words = { done: 'done', now: 'runs now', ahead: 'ahead' } as const;
  return (
    <ol class="stages">
      {stagesOf(task).map(({ stage, is, fraction }) => (
        <li key={stage} class={is} title={words[is]}>
          <span aria-hidden="true">{{ done: '✓', now: '▶', ahead: '·' }[is]}</span> {stage}
          {is === 'now' && fraction !== null && ` ${Math.floor(fraction * 100)} %`}
          <span class="hidden">{words[is]}</span>
        </li>
      ))}
    </ol>
  );
}

function Attempts({ task }: { readonly task: TaskSummary }) {
  return (
    <details>
      <summary class="small">
        Attempts ({task.attempts.length} of at most {task.maxAttempts})
      </summary>
      <ul>
        {task.attempts.map(({ attempt, deviceName, leasedAt, ended }) => (
          <li key={attempt}>
            {attempt} on {deviceName}, <Ago at={leasedAt} />: {ended === null ? 'runs' : ended.state}
            {ended?.error != null && `: ${ended.error.message}`}
          </li>
        ))}
      </ul>
    </details>
  );
}
