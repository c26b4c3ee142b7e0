import { formatAge } from '../../api/words.ts';

/** An instant: its age in words, the instant itself as a tooltip. */
export function Ago({ at }: { readonly at: number }) {
  const age = formatAge(at, Date.now());
  return (
    <time dateTime={new Date(at).toISOString()} title={instantText(at)}>
      {age === 'now' ? 'now' : `${age} ago`}
    </time>
  );
}

/** An instant as it is: `2026-11-23 01:27:38 UTC`. */
export function Instant({ at }: { readonly at: number }) {
  return <time dateTime={new Date(at).toISOString()}>{instantText(at)}</time>;
}

function instantText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `45 s`, `12 min`, `3 h 5 min`: how long something takes. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `312 MB`, `1.4 GB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
