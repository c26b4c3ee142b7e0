import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FarmEvent } from '../../api/events.ts';

/** A browser's EventSource as far as the page uses it, driven by the test. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static readonly all: Source[] = [];
  readonly url: string;
  readyState = 0;
  onopen = () => {};
  onerror = () => {};

  constructor(url: string) {
    super();
    this.url = url;
    Source.all.push(this);
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }

  send(event: FarmEvent): void {
    this.dispatchEvent(Object.assign(new Event(event.type), { data: JSON.stringify(event) }));
  }
}

const newPage = () => Object.assign(new EventTarget(), { hidden: false });
let page = newPage();
const show = (isShown: boolean) => {
  page.hidden = !isShown;
  page.dispatchEvent(new Event('visibilitychange'));
};

/** Follows a farm on a fresh page. */
async function follow() {
  const { live } = await import('./live.ts');
  const told: FarmEvent['type'][] = [];
  live.onEvent(({ type }) => told.push(type));
  return { live, told, source: () => Source.all.at(-1) ?? expect.fail('no connection') };
}

const HAPPENED: FarmEvent = { type: 'agent', sequence: 7, at: 0, agentId: 'lab', connection: 'connected', status: 'ready' };

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Source);
  page = newPage();
  vi.stubGlobal('document', page);
  Source.all.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the events of a page', () => {
  it('come over one connection, with nothing asked anew while it holds', async () => {
    const { live, told, source } = await follow();
    live.onEvent(() => {});
    source().onopen();
    source().send(HAPPENED);
    expect([Source.all.length, live.state, told]).toEqual([1, 'live', ['agent']]);
  });

  it('have everything asked anew after an outage, also when none had come before it', async () => {
    const { live, told, source } = await follow();
    source().onopen();
    source().onerror();
    expect([live.state, told]).toEqual(['lost', []]);
    source().onopen();
    expect([live.state, told]).toEqual(['live', ['reset']]);
  });

  it('go on after the last one when the farm had refused the stream', async () => {
    const { source } = await follow();
    source().onopen();
    source().send(HAPPENED);
    source().close();
    source().onerror();
    vi.runOnlyPendingTimers();
    expect(Source.all.map(({ url }) => url)).toEqual(['/api/v1/events', '/api/v1/events?after=7']);
  });

  it('hold no connection while nobody sees the page', async () => {
    const { told, source } = await follow();
    source().onopen();
    show(false);
    expect([source().readyState, Source.all.length]).toEqual([Source.CLOSED, 1]);
    show(true);
    source().onopen();
    expect([Source.all.length, told]).toEqual([2, ['reset']]);
  });

  it('end when somebody must log in, and go on after that', async () => {
    const { logIn } = await import('./log-in.ts');
    const { told, source } = await follow();
    source().onopen();
    logIn.refused(logIn.count);
    vi.runOnlyPendingTimers();
    show(true);
    expect([source().readyState, Source.all.length]).toEqual([Source.CLOSED, 1]);
    logIn.done();
    source().onopen();
    expect([Source.all.length, told]).toEqual([2, ['reset']]);
  });

  it('are not asked for by a page that was opened behind another', async () => {
    page.hidden = true;
    const { told, source } = await follow();
    expect(Source.all).toEqual([]);
    show(true);
    source().onopen();
    expect(told).toEqual(['reset']);
  });
});
