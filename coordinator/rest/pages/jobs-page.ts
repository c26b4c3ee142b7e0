import type { JobSummary } from '../../../api/jobs.ts';
import { jobProgressText } from '../../../domain/job-text.ts';
import { recipeLabel } from '../../../domain/matrix-text.ts';
import { type Html, html } from '../../matrix/renderers/html.ts';
import { renderPage, timeElement } from '../../matrix/renderers/page.ts';

/** The newest jobs as a list. */
export function renderJobsPage(jobs: readonly JobSummary[]): string {
  const heads = ['Job', 'State', 'Tasks', 'Recipes', 'Model', 'Submitted', 'By'];
  const content = html`<div class="heading"><h1>Jobs</h1><p class="muted">newest first</p></div>
${jobs.length === 0 ? html`<section class="empty"><p>No job has been submitted yet.</p></section>` : html`<div class="scroll" tabindex="0" role="region" aria-label="Jobs"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${jobs.map(jobRow)}</tbody></table></div>`}`;
  return renderPage({ title: 'Jobs', current: 'jobs', content });
}

function jobRow(job: JobSummary): Html {
  return html`<tr><th scope="row"><a href="/jobs/${job.jobId}"><code>${job.jobId}</code></a></th>
<td><span class="chip s-${job.state}">${job.state}</span></td>
<td>${jobProgressText(job.counts)}</td>
<td class="wrap">${job.recipes.map(({ recipeId }) => recipeLabel(recipeId)).join(', ')}${job.recipeCount > job.recipes.length && ` and ${job.recipeCount - job.recipes.length} more`}${job.cause !== null && html` <span class="muted">${job.cause.reason}</span>`}</td>
<td>${job.model.kind === 'hub' ? job.model.modelId : `${job.model.fileCount} uploaded files`}${job.modelCount > 1 && ` and ${job.modelCount - 1} more models`}${job.synthetic && html` <span class="badge b-synthetic">synthetic</span>`}</td>
<td>${timeElement(job.submittedAt)}</td><td>${job.submitter}</td></tr>
`;
}
