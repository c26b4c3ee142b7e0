/** Text that is HTML already. Only {@link html} makes it, so whatever else meets a template is escaped. */
export class Html {
  readonly #text: string;

  constructor(parts: readonly string[], values: readonly HtmlValue[]) {
    this.#text = parts.map((part, index) => part + (index < values.length ? render(values[index]) : '')).join('');
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template may contain. Lists are joined; undefined, null and false vanish. */
export type HtmlValue = string | number | Html | undefined | null | false | readonly HtmlValue[];

/** Tagged template: literal parts stay, values are escaped unless they are {@link Html}. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts, values);
}

function render(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return value.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Safe inside elements and quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
