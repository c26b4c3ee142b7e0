import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

interface VirtualOptions {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly count: number;
  /** Pixels of an item; must depend on its index alone while `measured` stays the same. */
  readonly sizeOf: (index: number) => number;
  /** Another value has the sizes asked for again. */
  readonly measured: string;
  readonly horizontal?: boolean;
  /** Pixels that a fixed head covers at the begin of the scroller. */
  readonly head: number;
  readonly overscan: number;
}

/** Which items of a long list are in view, kept up as the reader scrolls. */
export function useVirtual({ scroller, count, sizeOf, measured, horizontal = false, head, overscan }: VirtualOptions) {
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  const options = {
    count,
    horizontal,
    overscan,
    paddingStart: head,
    scrollPaddingStart: head,
    estimateSize: sizeOf,
    getScrollElement: () => scroller.current,
    scrollToFn: elementScroll<HTMLDivElement>,
    observeElementRect: observeElementRect<HTMLDivElement>,
    observeElementOffset: observeElementOffset<HTMLDivElement>,
    onChange: () => draw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, measured]);
  return virtualizer;
}
