import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { JobView } from '../../api/jobs.ts';
import type { Terminal } from '../output.ts';
import { taskLine } from './task-line.ts';

/** Shows a job while it runs. */
export interface JobDisplay {
  update(job: JobView): void;
  /** Leaves the last state on the screen. */
  close(): void;
}

/** Live bars on a terminal; one line per change where output is a file, a pipe or CI. */
export function createJobDisplay(terminal: Terminal): JobDisplay {
  return terminal.isInteractive ? barDisplay() : lineDisplay(terminal);
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
