import type { FarmEvent } from '../../api/events.ts';
import type { JobSummary } from '../../api/jobs.ts';
import { jobProgress, jobProgressText, recipeLabel } from '../../api/words.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { StateWord } from '../elements/state-word.tsx';
import { Table } from '../elements/table.tsx';
import { Ago } from '../elements/time.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { useLocation } from '../router/location.ts';

/** What was submitted, newest first. */
export function JobsPage() {
  const { search } = useLocation();
  const before = new URLSearchParams(search).get('before') ?? undefined;
  const { value, problem } = useAnswer({ ask: (signal) => farm.jobs(before, { signal }), key: `jobs ${before}`, changedBy: isOfJobs });
  return (
    <>
      <PageHead title="Jobs" detail="newest first" tools={<a href="/submit">Submit a job</a>} />
      {problem !== undefined && <Problem problem={problem} />}
      {value === undefined ? problem === undefined && <Loading what="jobs" /> : <List jobs={value.jobs} next={value.next} />}
    </>
  );
}

function isOfJobs({ type }: FarmEvent): boolean {
  return type === 'job' || type === 'task';
}

function List({ jobs, next }: { readonly jobs: readonly JobSummary[]; readonly next: string | null }) {
  if (jobs.length === 0) return <p class="notice">No job has been submitted yet.</p>;
  return (
    <>
      <Table
        label="Jobs"
        heads={[
          { text: 'Job' },
          { text: 'State' },
          { text: 'Tasks ended' },
          { text: 'Recipes', kind: 'wrap' },
          { text: 'Model' },
          { text: 'Submitted' },
          { text: 'By' },
        ]}
        rows={jobs.map((job) => ({ key: job.jobId, cells: jobCells(job) }))}
      />
      {next !== null && (
        <p>
          <a href={`/jobs?before=${next}`}>Older jobs</a>
        </p>
      )}
    </>
  );
}

function jobCells(job: JobSummary) {
  const { ended, total } = jobProgress(job.counts);
  const further = job.recipeCount - job.recipes.length;
  return [
    <a key="job" href={`/jobs/${job.jobId}`}>
      {job.jobId}
    </a>,
    <StateWord key="state" state={job.state} />,
    <span key="progress" class="progress">
      <progress max={Math.max(1, total)} value={ended} aria-label={`${ended} of ${total} tasks ended`} /> {jobProgressText(job.counts)}
    </span>,
    `${job.recipes.map(({ recipeId }) => recipeLabel(recipeId)).join(', ')}${further > 0 ? ` and ${further} more` : ''}${job.cause === null ? '' : ` (${job.cause.reason})`}`,
    job.model.kind === 'hub' ? job.model.modelId : `${job.model.fileCount} uploaded files`,
    <Ago key="at" at={job.submittedAt} />,
    job.submitter,
  ];
}
