import type { ValueMetadata } from '../inference-runtime.ts';
import type { NamedTensors } from '../tensor.ts';
import { type OrtApi, type Pointer, pointersAt } from './ort-api.ts';
import { createValue, readValue } from './ort-values.ts';

/** The native objects of one session that a binding needs. */
export interface BoundSession {
  readonly api: OrtApi;
  readonly session: Pointer;
  readonly allocator: Pointer;
  readonly outputs: readonly ValueMetadata[];
}

/**
 * Inputs and outputs of a session bound to native memory, so that a run hands nothing over. Inputs are copied in once; outputs arrive in host
 * memory, whatever the device. Owns the native values it makes: {@link close} releases each once.
 */
export class IoBinding {
  readonly pointer: Pointer;
  readonly #on: BoundSession;
  readonly #owned: Pointer[] = [];

  /** Throws OrtError for inputs the session does not take, and RangeError for data that does not fit its shape. */
  constructor(on: BoundSession, feeds: NamedTensors) {
    this.#on = on;
    this.pointer = on.api.create('CreateIoBinding', on.session);
    try {
      for (const [name, tensor] of Object.entries(feeds)) this.#bindInput(name, createValue(on.api, on.allocator, tensor));
      this.#bindOutputsToHost();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What the last run put out, copied, in the model's order. Throws TypeError for an output that is no tensor of a known type. */
  outputs(): NamedTensors {
    return Object.fromEntries(this.#takeOutputs().map(({ name, value }) => [name, readValue(this.#on.api, value, name)]));
  }

  /** Binds the values the last run put out, so that the next ones write into the same memory instead of allocating. */
  keepOutputs(): void {
    for (const { name, value } of this.#takeOutputs()) this.#on.api.call('BindOutput', this.pointer, name, value);
  }

  /** Releases everything the binding owns. Calling it again does nothing. */
  close(): void {
    const { api } = this.#on;
    for (const value of this.#owned.splice(0)) api.release('ReleaseValue', value);
    if (this.#isClosed) return;
    this.#isClosed = true;
    api.release('ReleaseIoBinding', this.pointer);
  }

  #isClosed = false;

  #bindInput(name: string, value: Pointer): void {
    this.#owned.push(value);
    this.#on.api.call('BindInput', this.pointer, name, value);
  }

  #bindOutputsToHost(): void {
    const { api, outputs } = this.#on;
    const hostMemory = api.create('CreateCpuMemoryInfo', 0, 0);
    try {
      for (const { name } of outputs) api.call('BindOutputToDevice', this.pointer, name, hostMemory);
    } finally {
      api.release('ReleaseMemoryInfo', hostMemory);
    }
  }

  #takeOutputs(): readonly { readonly name: string; readonly value: Pointer }[] {
    const { api, allocator, outputs } = this.#on;
    const [table, count]: [unknown[], unknown[]] = [[null], [0]];
    api.call('GetBoundOutputValues', this.pointer, allocator, table, count);
    const address = table[0];
    if (typeof address !== 'bigint') return [];
    const values = pointersAt(address, Number(count[0]));
    this.#owned.push(...values);
    api.call('AllocatorFree', allocator, address);
    return values.map((value, index) => ({ name: outputs[index]?.name ?? '', value }));
  }
}
