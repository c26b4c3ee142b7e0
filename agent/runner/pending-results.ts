import { join } from 'node:path';
import { z } from 'zod';
import { toGroveError } from '../../domain/errors.ts';
import type { Files } from '../../domain/ports.ts';
import { type AttemptOutcome, attemptOutcomeSchema, type LeaseRef, leaseRefSchema } from '../../domain/task.ts';
import type { AgentLog } from '../log-events.ts';

const pendingSchema = z.strictObject({ schemaVersion: z.literal(1), lease: leaseRefSchema, outcome: attemptOutcomeSchema });

/** A finished attempt whose outcome the coordinator has not acknowledged. */
export interface PendingResult {
  readonly lease: LeaseRef;
  readonly outcome: AttemptOutcome;
}

/**
 * Outcomes on disk from the moment an attempt ends until its completeAck, so that neither a lost connection nor a restart of the agent loses work. The
 * lease token travels with each: the coordinator refuses it if the task has gone elsewhere meanwhile.
 */
export class PendingResults {
  readonly #files: Files;
  readonly #folder: string;
  readonly #results = new Map<string, PendingResult>();

  private constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Loads what an earlier agent left. A file that cannot be read is logged and removed: it would never be accepted. */
  static async open(folder: string, { files, log }: { readonly files: Files; readonly log: AgentLog }): Promise<PendingResults> {
    await files.makeFolder(folder);
    const pending = new PendingResults(files, folder);
    for (const name of await files.list(folder)) {
      if (!name.endsWith('.json')) continue;
      try {
        const { lease, outcome } = pendingSchema.parse(
          JSON.parse(Buffer.from((await files.read(join(folder, name))) ?? []).toString('utf8')),
        );
        pending.#results.set(keyOf(lease), { lease, outcome });
      } catch (error) {
        log.unexpected({ where: `reading the pending result ${name}`, why: toGroveError(error).message, stack: '' });
        await files.remove(join(folder, name));
      }
    }
    return pending;
  }

  all(): readonly PendingResult[] {
    return [...this.#results.values()];
  }

  get(lease: Pick<LeaseRef, 'taskId' | 'attempt'>): PendingResult | undefined {
    return this.#results.get(keyOf(lease));
  }

  /** Resolves when the outcome is safe on disk. */
  async add(result: PendingResult): Promise<void> {
    await this.#files.writeAtomic(this.#pathOf(result.lease), Buffer.from(JSON.stringify({ schemaVersion: 1, ...result })));
    this.#results.set(keyOf(result.lease), result);
  }

  /** Acknowledged or abandoned. Unknown leases are ignored. */
  async remove(lease: Pick<LeaseRef, 'taskId' | 'attempt'>): Promise<void> {
    if (this.#results.delete(keyOf(lease))) await this.#files.remove(this.#pathOf(lease));
  }

  #pathOf(lease: Pick<LeaseRef, 'taskId' | 'attempt'>): string {
    return join(this.#folder, `${encodeURIComponent(keyOf(lease))}.json`);
  }
}

/** One attempt as a map key. */
export function keyOf({ taskId, attempt }: Pick<LeaseRef, 'taskId' | 'attempt'>): string {
  return `${taskId}.${attempt}`;
}
