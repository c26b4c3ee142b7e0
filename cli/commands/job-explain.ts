import type { Explanation, TaskExplanation } from '../../api/jobs.ts';
import { formatCount } from '../../domain/job-text.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove job explain JOB`: why each task waits, which devices match, one line per refusing device. */
export const registerJobExplain: RegisterCommand = (program, context) => {
  const command = noun(program, 'job', 'jobs: what was submitted').command('explain <job>').description('say why its tasks wait');
  withOutput(command).action(async (jobId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    const format = ({ tasks, more }: Explanation) =>
      [...tasks.map(explanationText), ...(more > 0 ? [`and ${formatCount(more)} more tasks that have not ended`] : [])].join('\n') ||
      'Every task of this job has ended.';
    print({ ...options, terminal: context.terminal }, await client.explainJob(jobId), format);
  });
};

function explanationText(task: TaskExplanation): string {
  const place = task.position === null ? '' : `, number ${task.position} in its queue`;
  return [
    `${task.kind} ${recipeLabel(task.recipeId)}: ${task.state}${place}`,
    ...task.needs.map((need) => `  needs ${need.taskId} (${need.state})`),
    ...task.matching.map((device) => `  can run on ${device.deviceName}: ${device.status}${device.why === '' ? '' : `, ${device.why}`}`),
    ...task.refused.map((device) => `  not on ${device.deviceName}: it ${device.lines.join('; it ')}`),
  ].join('\n');
}
