import type { GroveError } from '../../../domain/errors.ts';
import { html } from '../../matrix/renderers/html.ts';
import { renderPage } from '../../matrix/renderers/page.ts';

/** What was wrong and what to do, for somebody who followed a link. */
export function renderErrorPage(error: GroveError): string {
  const content = html`<section class="empty"><h1>${error.spec.http}</h1><p>${error.message}</p><p class="muted">${error.spec.advice}</p><p><code>${error.code}</code></p></section>`;
  return renderPage({ title: error.code, content });
}
