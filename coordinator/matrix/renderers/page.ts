import { Html, html } from './html.ts';
import { STYLESHEET } from './stylesheet.ts';

/** Address of the one stylesheet. Changed with its content, so that browsers may keep it. */
export const STYLESHEET_PATH = '/assets/grove.css';

/** What makes one page different from another. */
export interface Page {
  readonly title: string;
  /** Which entry of the navigation is the current one; undefined for pages below them. */
  readonly current?: 'matrix' | 'jobs' | 'agents';
  readonly content: Html;
  /** Load again after this many seconds: works without scripts. */
  readonly refreshSeconds?: number | undefined;
  /** With its stylesheet inside. */
  readonly selfContained?: boolean;
}

const NAVIGATION = [
  { key: 'matrix', href: '/', label: 'Matrix' },
  { key: 'jobs', href: '/jobs', label: 'Jobs' },
  { key: 'agents', href: '/agents', label: 'Agents' },
] as const;

/** A whole document around `content`. */
export function renderPage({ title, current, content, refreshSeconds, selfContained = false }: Page): string {
  const links = NAVIGATION.map(({ key, href, label }) =>
    key === current ? html`<a href="${href}" aria-current="page">${label}</a>` : html`<a href="${href}">${label}</a>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${refreshSeconds}">`}
<title>${title} - Grove</title>
${
  selfContained
    ? html`<style>${new Html([STYLESHEET], [])}</style>`
    : html`<link rel="icon" href="/assets/grove.svg" type="image/svg+xml">
<link rel="stylesheet" href="${STYLESHEET_PATH}">`
}
</head>
<body>
<header class="bar">
<a class="brand" href="/"><svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d="M8 1 3 7h2.4L2 11.5h5V15h2v-3.5h5L10.6 7H13z" fill="currentColor"/></svg>Grove</a>
<nav aria-label="Pages">${links}</nav>
<nav class="side" aria-label="Reference"><a href="/docs">API reference</a></nav>
</header>
<main>
${content}
</main>
</body>
</html>
`.toString();
}

/** `2026-11-23 01:27:38 UTC`, readable by machines too. */
export function timeElement(epochMs: number): Html {
  const iso = new Date(epochMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}
