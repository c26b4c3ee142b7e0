import type { CellCuration } from '../../../domain/curation.ts';
import { curationText } from '../../../domain/curation-text.ts';
import { type Html, html } from './html.ts';
import { timeElement } from './page.ts';

/** What people have said about a cell, with who and when. */
export function curationSection(curation: CellCuration | null): Html {
  const lines = curationText(curation);
  if (lines.length === 0) return html``;
  return html`<section><h2>Said about it</h2><div class="scroll" tabindex="0" role="region" aria-label="Said about it"><table class="plain"><thead><tr><th scope="col">What</th><th scope="col">Words</th><th scope="col">By</th><th scope="col">When</th></tr></thead>
<tbody>${lines.map(({ what, text, by, at }) => html`<tr><th scope="row">${what}</th><td>${text}</td><td>${by}</td><td>${timeElement(at)}</td></tr>`)}</tbody></table></div></section>`;
}
