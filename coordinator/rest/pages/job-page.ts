import { type JobTask, type JobView, TASKS_PER_PAGE } from '../../../api/jobs.ts';
import { duration } from '../../../domain/duration.ts';
import { estimateText, shortEstimate } from '../../../domain/estimate-text.ts';
import { formatCount, jobProgressText } from '../../../domain/job-text.ts';
import { recipeLabel, shortEp } from '../../../domain/matrix-text.ts';
import type { TaskState } from '../../../domain/task-state.ts';
import { type Html, html } from '../../matrix/renderers/html.ts';
import { renderPage, timeElement } from '../../matrix/renderers/page.ts';

const OFFERED_REFRESH_SECONDS = 5;

/** Tasks above which the page offers one state at a time. */
const FILTERED_ABOVE = 20;

interface JobPageOptions {
  readonly refreshSeconds?: number | undefined;
  /** Only tasks in this state are shown. */
  readonly state?: TaskState | undefined;
}

/** One job with its tasks: what runs where, how far it is, why it ended, and the logs. */
export function renderJobPage(job: JobView, options: JobPageOptions = {}): string {
  const { jobId, state, submitter, submittedAt, endedAt, tier, priority, synthetic, substituteEp, substituteDevice, followsUntil } = job;
  const { refreshSeconds } = options;
  const heads = ['Task', 'Kind', 'Recipe', 'On', 'State', 'When', 'Attempts', 'Result'];
  const content = html`<p class="crumbs"><a href="/jobs">Jobs</a> / ${jobId}</p>
<div class="heading"><h1>Job <code>${jobId}</code></h1><p><span class="chip s-${state}">${state}</span>${synthetic && html` <span class="badge b-synthetic">synthetic</span>`}</p>
<p class="tools">${refreshSeconds === undefined ? html`<a href="/jobs/${jobId}?refresh=${OFFERED_REFRESH_SECONDS}">Refresh every ${OFFERED_REFRESH_SECONDS} s</a>` : html`<a href="/jobs/${jobId}">Stop refreshing</a>`}
<a href="/api/v1/jobs/${jobId}">JSON</a> <a href="/api/v1/jobs/${jobId}/explain">Explain</a></p></div>
<p>${jobProgressText(job.counts)} tasks ended${job.cause !== null && html`; ${job.cause.reason}`}. ${wholeEstimate(job)} ${stateLinks(job, options.state)}</p>
<p class="muted">Submitted by ${submitter}, ${timeElement(submittedAt)}${endedAt !== null && html`, ended ${timeElement(endedAt)}`}${deadlineOf(job)} · ${tier}, ${priority}${substituteEp !== null && html` · substitute EP ${substituteEp}`}${substituteDevice !== null && html` · substitute device ${substituteDevice}`}${followsUntil !== null && html` · follows the fleet until ${timeElement(followsUntil)}`}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Tasks of job ${jobId}"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${job.tasks.map(taskRow)}</tbody></table></div>
${pageLinks(job, options.state)}`;
  return renderPage({ title: `Job ${jobId}`, current: 'jobs', content, refreshSeconds });
}

/** The reason why nobody knows is told where it is asked for: beside each task, and by Explain. */
function wholeEstimate({ estimate }: JobView): Html {
  return estimate?.endMs == null ? html`` : html`Ends in about ${duration(estimate.endMs)}.`;
}

function deadlineOf({ deadlineAt, endedAt }: JobView): Html {
  return deadlineAt === null || endedAt !== null ? html`` : html`, deadline ${timeElement(deadlineAt)}`;
}

/** One link per state that has tasks, where there are more tasks than one looks through. */
function stateLinks({ jobId, counts, taskCount }: JobView, shown: TaskState | undefined): Html {
  if (shown === undefined && taskCount <= FILTERED_ABOVE) return html``;
  const states = Object.entries(counts).filter(([, count]) => count > 0);
  return html`<a href="/jobs/${jobId}">all</a> ${states.map(([state, count]) => html`<a href="/jobs/${jobId}?state=${state}">${formatCount(count)} ${state}</a> `)}`;
}

function pageLinks({ jobId, tasks, taskOffset, taskCount }: JobView, state: TaskState | undefined): Html {
  if (tasks.length === taskCount) return html``;
  const filter = state === undefined ? '' : `&state=${state}`;
  const link = (text: string, offset: number) => html`<a href="/jobs/${jobId}?offset=${offset}${filter}">${text}</a> `;
  const before = taskOffset > 0 && link('Earlier', Math.max(0, taskOffset - TASKS_PER_PAGE));
  const after = taskOffset + tasks.length < taskCount && link('Later', taskOffset + tasks.length);
  return html`<p class="tools">${formatCount(taskOffset + 1)} to ${formatCount(taskOffset + tasks.length)} of ${formatCount(taskCount)} ${before}${after}</p>`;
}

function taskRow(task: JobTask): Html {
  const { taskId, kind, recipeId, requirement, state, error, attempts, summary, progress, estimate } = task;
  const where = attempts.at(-1)?.deviceName ?? requirement.unit ?? requirement.deviceModel ?? requirement.deviceClass;
  return html`<tr><th scope="row"><a href="/api/v1/tasks/${taskId}"><code>${shortId(taskId)}</code></a></th><td>${kind}</td><td>${recipeLabel(recipeId)}</td>
<td>${where}${kind === 'benchmark' && html` <span class="muted">${shortEp(requirement.ep)}</span>`}</td>
<td><span class="chip s-${state}">${state}</span>${progress !== null && html` <span class="muted">${progress.stage} ${Math.floor(progress.fraction * 100)}%</span>`}</td>
<td>${estimate !== undefined && html`<span class="muted" title="${estimateText(state, estimate)}">${shortEstimate(state, estimate)}</span>`}</td>
<td>${attempts.map(({ attempt }) => html`<a href="/api/v1/tasks/${taskId}/logs?attempt=${attempt}">log ${attempt}</a> `)}</td>
<td class="wrap">${summary === '' ? error?.message : summary}</td></tr>
`;
}

/** A conversion's id holds its whole key. */
function shortId(taskId: string): string {
  return taskId.length > 24 ? `${taskId.slice(0, 14)}…` : taskId;
}
