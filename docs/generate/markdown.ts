/** Text inside a cell of a Markdown table: a stroke would end it, and an angle bracket would begin HTML. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
