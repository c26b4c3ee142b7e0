/** RFC 9113, section 3.4: what a client sends before its first frame. */
const PREFACE_BYTES = 24;
/** RFC 9113, section 4.1: length (24 bits), type, flags, stream. */
const FRAME_HEADER_BYTES = 9;
const DATA = 0;
const END_STREAM = 0x1;
const PADDED = 0x8;
/** Every peer accepts frames of this size. */
const MAX_FRAME_BYTES = 16_384;
/** gRPC puts a compression flag and a 32-bit length before each message. */
const MESSAGE_HEADER_BYTES = 5;

export interface GrpcFilterOptions {
  /** True for what a client sends. */
  readonly hasPreface: boolean;
  /** Called with each message's bytes; false leaves it out. */
  keep(message: Uint8Array): boolean;
}

/** One direction of an HTTP/2 connection, with gRPC messages taken out of its DATA frames. Other frames pass untouched. */
export class GrpcFilter {
  readonly #keep: GrpcFilterOptions['keep'];
  #pending = Buffer.alloc(0);
  #prefaceBytes: number;
  /** Stream -> bytes of a message that has not arrived whole. */
  readonly #partial = new Map<number, Buffer>();

  constructor({ hasPreface, keep }: GrpcFilterOptions) {
    this.#keep = keep;
    this.#prefaceBytes = hasPreface ? PREFACE_BYTES : 0;
  }

  /** What goes on of the bytes that came; the rest waits for more. */
  filter(chunk: Buffer): Buffer {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const passed: Buffer[] = [];
    if (this.#pending.length < this.#prefaceBytes) return Buffer.alloc(0);
    passed.push(this.#take(this.#prefaceBytes));
    this.#prefaceBytes = 0;
    for (let size = this.#frameBytes(); size !== undefined; size = this.#frameBytes()) passed.push(this.#frame(this.#take(size)));
    return Buffer.concat(passed);
  }

  /** Size of the frame at the front, or undefined when it is not whole. */
  #frameBytes(): number | undefined {
    if (this.#pending.length < FRAME_HEADER_BYTES) return undefined;
    const size = FRAME_HEADER_BYTES + this.#pending.readUIntBE(0, 3);
    return this.#pending.length < size ? undefined : size;
  }

  #take(count: number): Buffer {
    const taken = this.#pending.subarray(0, count);
    this.#pending = this.#pending.subarray(count);
    return taken;
  }

  #frame(frame: Buffer): Buffer {
    if (frame.readUInt8(3) !== DATA) return frame;
    const flags = frame.readUInt8(4);
    const stream = frame.readUInt32BE(5);
    const body = frame.subarray(FRAME_HEADER_BYTES);
    const content = flags & PADDED ? body.subarray(1, body.length - body.readUInt8(0)) : body;
    const kept = this.#messages(stream, content).map((message) => dataFrames(stream, message));
    return Buffer.concat(flags & END_STREAM ? [...kept, frameOf(stream, Buffer.alloc(0), END_STREAM)] : kept);
  }

  #messages(stream: number, content: Buffer): readonly Buffer[] {
    let rest = Buffer.concat([this.#partial.get(stream) ?? Buffer.alloc(0), content]);
    const kept: Buffer[] = [];
    while (rest.length >= MESSAGE_HEADER_BYTES) {
      const size = MESSAGE_HEADER_BYTES + rest.readUInt32BE(1);
      if (rest.length < size) break;
      const message = rest.subarray(0, size);
      if (this.#keep(message.subarray(MESSAGE_HEADER_BYTES))) kept.push(message);
      rest = rest.subarray(size);
    }
    this.#partial.set(stream, rest);
    return kept;
  }
}

function dataFrames(stream: number, message: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let begin = 0; begin < message.length; begin += MAX_FRAME_BYTES) {
    frames.push(frameOf(stream, message.subarray(begin, begin + MAX_FRAME_BYTES), 0));
  }
  return Buffer.concat(frames);
}

function frameOf(stream: number, content: Buffer, flags: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(content.length, 0, 3);
  header.writeUInt8(DATA, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, content]);
}
