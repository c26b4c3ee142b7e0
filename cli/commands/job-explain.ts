import type { Explanation, TaskExplanation } from '../../api/jobs.ts';
import { estimateText } from '../../domain/estimate-text.ts';
import { formatCount } from '../../domain/job-text.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job explain JOB`: why each task waits, which devices match, one line per refusing device. */
export const registerJobExplain: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('explain <job>').description('say why its tasks wait');
  withOutput(command).action(async (jobId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    const format = ({ tasks, more, deadlineAt }: Explanation) =>
      [
        ...(tasks.length > 0 && deadlineAt !== null ? [`what has not ended by ${new Date(deadlineAt).toISOString()} is stopped`] : []),
        ...tasks.map(explanationText),
        ...(more > 0 ? [`and ${formatCount(more)} more tasks that have not ended`] : []),
      ].join('\n') || 'Every task of this job has ended.';
    print({ ...options, terminal: context.terminal }, await client.explainJob(jobId), format);
  });
};

function explanationText(task: TaskExplanation): string {
  const place = task.position === null ? '' : `, number ${task.position} in its queue`;
  return [
    `${task.kind} ${recipeLabel(task.recipeId)}: ${task.state}${place}`,
    `  ${estimateText(task.state, task.estimate)}`,
    ...task.needs.map((need) => `  needs ${need.taskId} (${need.state})`),
    ...task.matching.map((device) => `  can run on ${device.deviceName}: ${device.status}${device.why === '' ? '' : `, ${device.why}`}`),
    ...moreText(task.matching.length, task.matchingCount, 'can take it'),
    ...task.refused.map((device) => `  not on ${device.deviceName}: it ${device.lines.join('; it ')}`),
    ...moreText(task.refused.length, task.refusedCount, 'cannot'),
  ].join('\n');
}

function moreText(shown: number, count: number, what: string): readonly string[] {
  return count > shown ? [`  and ${formatCount(count - shown)} more devices ${what}`] : [];
}
