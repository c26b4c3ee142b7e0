import type { Terminal } from './output.ts';

/** A terminal that keeps what a command writes: results in `written`, messages in `told`. */
export class RecordingTerminal implements Terminal {
  readonly columns = 120;
  readonly isInteractive = false;
  written = '';
  told = '';

  out(text: string): void {
    this.written += `${text}\n`;
  }

  error(text: string): void {
    this.told += `${text}\n`;
  }
}
