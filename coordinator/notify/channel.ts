import type { Notice } from '../../api/notifications.ts';

/** One way to tell people. */
export interface Channel {
  /** As people see it; holds no secret. */
  readonly name: string;
  /** Delivers once. Throws {@link DeliveryError}. */
  deliver(notice: Notice, signal: AbortSignal): Promise<void>;
}

/** A notice that did not arrive. */
export class DeliveryError extends Error {
  /** Another attempt would end the same: the other side refuses it. */
  readonly isFinal: boolean;

  constructor(message: string, options: { readonly isFinal: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'DeliveryError';
    this.isFinal = options.isFinal;
  }
}

/** The notice as text for people. */
export function noticeText({ subject, items, more }: Notice): string {
  const lines = items.map(({ reason, name, detail, url }) => `${reason}: ${name}\n  ${[detail, url].filter(Boolean).join('\n  ')}`);
  return [subject, ...lines, ...(more === 0 ? [] : [`and ${more} more`])].join('\n\n');
}
