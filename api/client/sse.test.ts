import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readServerSentEvents, type ServerSentEvent } from './sse.ts';

async function read(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  async function* body() {
    yield* chunks;
  }
  const events: ServerSentEvent[] = [];
  for await (const event of readServerSentEvents(body())) events.push(event);
  return events;
}

const encode = (text: string) => new TextEncoder().encode(text);

describe('server-sent events', () => {
  it('have a type, an id that stays, and data of one or more lines', async () => {
    const events = await read([encode('id: 7\nevent: task\ndata: a\ndata:b\n\n: comment\n\ndata: c\r\n\r\nid\ndata\n\n')]);
    expect(events).toEqual([
      { id: '7', type: 'task', data: 'a\nb' },
      { id: '7', type: 'message', data: 'c' },
      { id: '', type: 'message', data: '' },
    ]);
  });

  it('that are incomplete at the end are dropped', async () => {
    expect(await read([encode('data: whole\n\ndata: half\n')])).toHaveLength(1);
  });

  it('do not depend on where the bytes are cut', async () => {
    const text = 'id: 1\r\nevent: job\r\ndata: {"n":"ü€"}\r\n\r\ndata: x\n\n';
    const whole = await read([encode(text)]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 20 }), { maxLength: 20 }), async (sizes) => {
        const bytes = encode(text);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        expect(await read(chunks)).toEqual(whole);
      }),
    );
  });

  it('without end are refused', async () => {
    const chunk = encode(`data: ${'x'.repeat(1_000_000)}`);
    await expect(read([chunk, chunk, chunk, chunk, chunk])).rejects.toThrow(RangeError);
  });
});
