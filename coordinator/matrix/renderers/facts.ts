import { type Html, type HtmlValue, html } from './html.ts';

/** A list of names and values; empty values are left out. */
export function facts(entries: readonly (readonly [string, HtmlValue])[]): Html {
  return html`<dl class="facts">${entries.filter(([, value]) => value !== '' && value !== false).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
