import type { GroveError } from '../../../domain/errors.ts';
import { html } from '../../matrix/renderers/html.ts';
import { renderPage } from '../../matrix/renderers/page.ts';

/**
 * What was wrong and what to do, for somebody who followed a link.
 *
 * @param logInPath where a browser can log in; undefined where that would not help.
 */
export function renderErrorPage(error: GroveError, logInPath?: string): string {
  const logIn = logInPath !== undefined && html`<p><a href="${logInPath}">Log in</a> (needs scripts; then load this page again)</p>`;
  const content = html`<section class="empty"><h1>${error.spec.http}</h1><p>${error.message}</p>${logIn}<p class="muted">${error.spec.advice}</p><p><code>${error.code}</code></p></section>`;
  return renderPage({ title: error.code, content });
}
