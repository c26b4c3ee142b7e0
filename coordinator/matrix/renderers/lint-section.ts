import { MODEL_RULES } from '../../../domain/lint/model-rules.ts';
import { type Html, html } from './html.ts';

/** A finding, with what to do where the rule itself says so. */
interface ShownFinding {
  readonly rule: string;
  readonly path: string;
  readonly message: string;
  readonly advice?: string;
}

/** What a recipe does not do although it looks as if it did; nothing for a clean one. */
export function lintSection(findings: readonly ShownFinding[]): Html | false {
  if (findings.length === 0) return false;
  const rows = findings.map(
    (
      finding,
    ) => html`<tr><td><code>${finding.path}</code></td><td class="wrap">${finding.message}</td><td class="wrap">${adviceOf(finding)}</td><td><code>${finding.rule}</code></td></tr>
`,
  );
  return html`<section id="lint"><h2>Lint</h2><div class="scroll" tabindex="0" role="region" aria-label="Lint findings"><table class="plain"><thead><tr><th scope="col">Where</th><th scope="col">What it does not do</th><th scope="col">Do</th><th scope="col">Rule</th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

function adviceOf({ rule, advice }: ShownFinding): string {
  return advice ?? Object.entries(MODEL_RULES).find(([name]) => name === rule)?.[1].remedy ?? '';
}
