import { MultiBar, Presets, SingleBar } from 'cli-progress';
import type { JobView } from '../../api/jobs.ts';
import { formatCount, jobProgress, jobProgressText } from '../../domain/job-text.ts';
import type { Terminal } from '../output.ts';
import { taskLine } from './task-line.ts';

/** Shows a job while it runs. */
export interface JobDisplay {
  update(job: JobView): void;
  /** Leaves the last state on the screen. */
  close(): void;
}

/** Jobs of more tasks are shown by their counts. */
const LARGE_TASKS = 40;

/** Whether a job has more tasks than one looks through. */
export function isLarge({ taskCount }: Pick<JobView, 'taskCount'>): boolean {
  return taskCount > LARGE_TASKS;
}

/** Live bars on a terminal, one for all tasks of a sweep; one line per change where output is a file, a pipe or CI. */
export function createJobDisplay(terminal: Terminal): JobDisplay {
  const few = terminal.isInteractive ? barDisplay() : lineDisplay(terminal);
  const many = terminal.isInteractive ? countBarDisplay() : countLineDisplay(terminal);
  return {
    update: (job) => (isLarge(job) ? many : few).update(job),
    close: () => {
      few.close();
      many.close();
    },
  };
}

function countBarDisplay(): JobDisplay {
  const bar = new SingleBar({ format: ' {bar} {text}', hideCursor: true, linewrap: false, barsize: 40 }, Presets.shades_classic);
  return {
    update({ counts }) {
      const { ended, total } = jobProgress(counts);
      const payload = { text: `${jobProgressText(counts)}; ${formatCount(counts.running)} running` };
      if (!bar.isActive) bar.start(total, ended, payload);
      bar.setTotal(total);
      bar.update(ended, payload);
    },
    close: () => bar.stop(),
  };
}

/** A line for every hundredth of the tasks, and for the end. */
function countLineDisplay(terminal: Terminal): JobDisplay {
  let told = -1;
  return {
    update({ counts, state }) {
      const { ended, total } = jobProgress(counts);
      const step = Math.floor((100 * ended) / Math.max(1, total));
      if (step === told && state === 'running') return;
      told = step;
      terminal.out(jobProgressText(counts));
    },
    close: () => undefined,
  };
}

function barDisplay(): JobDisplay {
  const bars = new MultiBar(
    { format: ' {bar} {label} {status}', hideCursor: true, clearOnComplete: false, forceRedraw: true, linewrap: false, barsize: 24 },
    Presets.shades_classic,
  );
  const byTask = new Map<string, SingleBar>();
  return {
    update(job) {
      const width = Math.max(...job.tasks.map((task) => taskLine(task).label.length));
      for (const task of job.tasks) {
        const { label, fraction, status, summary } = taskLine(task);
        const payload = { label: label.padEnd(width), status: [status, summary].filter(Boolean).join(', ') };
        const bar = byTask.get(task.taskId) ?? bars.create(1_000, 0, payload);
        byTask.set(task.taskId, bar);
        bar.update(Math.round(fraction * 1_000), payload);
      }
    },
    close: () => bars.stop(),
  };
}

function lineDisplay(terminal: Terminal): JobDisplay {
  const shown = new Map<string, string>();
  return {
    update(job) {
      for (const task of job.tasks) {
        const { label, status, summary } = taskLine(task);
        if (shown.get(task.taskId) === status) continue;
        shown.set(task.taskId, status);
        terminal.out(`${label}: ${[status, summary].filter(Boolean).join(', ')}`);
      }
    },
    close: () => undefined,
  };
}
