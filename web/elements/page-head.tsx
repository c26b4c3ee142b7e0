import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface PageHeadProps {
  /** Of the window, before ` - Grove`. */
  readonly title: string;
  /** Default: the title. */
  readonly heading?: ComponentChildren;
  readonly detail?: ComponentChildren;
  /** Links and buttons at the end of the line. */
  readonly tools?: ComponentChildren;
}

/** What a page begins with. */
export function PageHead({ title, heading = title, detail, tools }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} - Grove`;
  }, [title]);
  return (
    <div class="heading">
      <h1>{heading}</h1>
      {detail !== undefined && <div class="muted">{detail}</div>}
      {tools !== undefined && <div class="tools">{tools}</div>}
    </div>
  );
}
