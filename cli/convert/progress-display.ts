import { Presets, SingleBar } from 'cli-progress';
import type { ConvertEvent } from '../../engine/convert/convert-request.ts';
import type { Terminal } from '../output.ts';

/** Shows a conversion while it runs. */
export interface ConvertDisplay {
  show(event: ConvertEvent): void;
  close(): void;
}

/** One bar on a terminal; elsewhere a line for every pass, on standard error. */
export function createConvertDisplay(terminal: Terminal, isLive: boolean): ConvertDisplay {
  return isLive ? barDisplay() : lineDisplay(terminal);
}

function lineDisplay(terminal: Terminal): ConvertDisplay {
  return {
    show(event) {
      if (event.kind === 'pass-started') terminal.error(`[${event.index + 1}/${event.count}] ${event.type} (${event.name})`);
      else if (event.kind === 'log') terminal.error(event.line);
    },
    close: () => undefined,
  };
}

/** Drawn at each event: a pass keeps the thread busy, so that no timer of the bar would get its turn. Removed when it closes. */
function barDisplay(): ConvertDisplay {
  const bar = new SingleBar(
    { format: ' {bar} {label}', hideCursor: true, clearOnComplete: true, linewrap: false, barsize: 24 },
    Presets.shades_classic,
  );
  let [index, count, label] = [0, 1, ''];
  bar.start(1_000, 0, { label: 'reading' });
  const draw = (fraction: number) => {
    bar.update(Math.round((1_000 * (index + fraction)) / count), { label: `${index + 1}/${count} ${label}` });
    bar.render();
  };
  return {
    show(event) {
      if (event.kind === 'pass-started') {
        [index, count, label] = [event.index, Math.max(1, event.count), `${event.type} (${event.name})`];
        draw(0);
      } else if (event.kind === 'pass-progress') draw(event.fraction);
      else if (event.kind === 'pass-finished') draw(1);
    },
    close: () => bar.stop(),
  };
}
