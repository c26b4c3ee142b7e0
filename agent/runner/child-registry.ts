import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Child, Clock, Files } from '../../domain/ports.ts';
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../platform/process-identity.ts';
import { killTree } from '../../platform/process-tree.ts';
import type { AgentLog } from '../log-events.ts';

/** A killed process that still lives after this sits in an uninterruptible driver call: its device is wedged. */
const KILL_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

const recordSchema = z.strictObject({ pid: z.int().min(1), startTime: z.string(), stage: z.string(), deviceName: z.string() });
/** A stage process as its file describes it. */
export type ChildRecord = z.infer<typeof recordSchema>;

export interface ChildRegistryOptions {
  /** Folder of one file per living child. */
  readonly folder: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: AgentLog;
}

/**
 * Knows every stage process by pid and start time, on disk, so that an agent that starts after a crash can end what its predecessor left. Children die
 * with their agent anyway; this is the net under that rope.
 */
export class ChildRegistry {
  readonly #options: ChildRegistryOptions;
  readonly #wedged = new Map<number, ChildRecord>();

  constructor(options: ChildRegistryOptions) {
    this.#options = options;
  }

  /** First process that could not be killed, as an error for the agent's status; undefined when all is well. */
  get wedged(): GroveError | undefined {
    const [record] = this.#wedged.values();
    return record && new GroveError('device-wedged', { pid: record.pid, stage: record.stage, deviceName: record.deviceName });
  }

  /** Looks again at the processes that could not be killed: one that is gone after all, its driver call over, wedges its device no longer. */
  async review(): Promise<void> {
    for (const record of [...this.#wedged.values()]) {
      if (await isSameProcess(record)) continue;
      this.#wedged.delete(record.pid);
      await this.#options.files.remove(this.#pathOf(record));
    }
  }

  /** Kills what an earlier agent left. Call before hello. */
  async killLeftovers(): Promise<void> {
    const { files, folder, log } = this.#options;
    await files.makeFolder(folder);
    for (const name of await files.list(folder)) {
      const record = parseRecord(await files.read(join(folder, name)));
      if (record !== undefined && (await isSameProcess(record))) {
        log.leftoverKilled({ pid: record.pid, stage: record.stage });
        killTree(record.pid);
        await this.#untilGone(record);
      }
      if (record === undefined || !this.#wedged.has(record.pid)) await files.remove(join(folder, name));
    }
  }

  /** Writes a child down before it gets any work. Undefined when it is gone already. */
  async register(child: Child, { stage, deviceName }: Pick<ChildRecord, 'stage' | 'deviceName'>): Promise<ChildRecord | undefined> {
    const identity = await identifyProcess(child.pid);
    if (identity === undefined) return undefined;
    const record = { ...identity, stage, deviceName };
    await this.#options.files.writeAtomic(this.#pathOf(record), Buffer.from(JSON.stringify(record)));
    return record;
  }

  /** Kills a child, waits until it is gone, and forgets it; one that stays makes the device wedged and stays registered. */
  async end(child: Child, record: ChildRecord | undefined): Promise<void> {
    child.kill();
    if (record === undefined) return;
    await this.#untilGone(record);
    if (!this.#wedged.has(record.pid)) await this.#options.files.remove(this.#pathOf(record));
  }

  async #untilGone(record: ChildRecord): Promise<void> {
    const { clock, log } = this.#options;
    const deadlineMs = clock.monotonicMs() + KILL_TIMEOUT_MS;
    while (await isSameProcess(record)) {
      if (clock.monotonicMs() > deadlineMs) {
        this.#wedged.set(record.pid, record);
        log.childWedged({ pid: record.pid, stage: record.stage });
        return;
      }
      await pause(clock, POLL_MS);
    }
  }

  #pathOf({ pid }: ProcessIdentity): string {
    return join(this.#options.folder, `${pid}.json`);
  }
}

function parseRecord(bytes: Uint8Array | undefined): ChildRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(Buffer.from(bytes ?? []).toString('utf8')));
  } catch {
    return undefined;
  }
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
