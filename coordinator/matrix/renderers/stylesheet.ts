/**
 * The stylesheet of every page. Light and dark by the reader's preference; a state's colour only repeats what its sign and word say. Text colours keep
 * a contrast of at least 4.5:1 on their backgrounds in both.
 */
export const STYLESHEET = `
:root {
  --bg: #f7f8f7; --card: #ffffff; --text: #1b211d; --muted: #5c665f; --line: #dde2de; --head: #f0f3f0; --link: #0b6b3f; --code: #eef1ee; --focus: #0b6b3f;
  --ok: #1a7f45; --ok-bg: #e5f4ea; --bad: #b3261e; --bad-bg: #fbe9e7; --warn: #8a5a00; --warn-bg: #fdf1d8; --info: #1f5fa8; --info-bg: #e6effa; --quiet: #5c665f; --quiet-bg: #eceeec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #121513; --card: #1a1e1b; --text: #e6eae7; --muted: #9ba69f; --line: #303733; --head: #212622; --link: #6fd19b; --code: #262c28; --focus: #6fd19b;
    --ok: #74d69b; --ok-bg: #16311f; --bad: #ff9d94; --bad-bg: #3d1a18; --warn: #f0c05a; --warn-bg: #372a0e; --info: #8cbcf2; --info-bg: #17283d; --quiet: #a5b0a9; --quiet-bg: #272c29;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
code, pre { font: 12.5px/1.5 ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, monospace; }
code { background: var(--code); border-radius: 4px; padding: 1px 5px; }
pre { background: var(--code); border-radius: 8px; padding: 12px 14px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
h1 { font-size: 22px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 0 0 10px; }
h3 { font-size: 13px; margin: 16px 0 4px; }
h1 code { font-size: 14px; vertical-align: 2px; }
.bar { display: flex; align-items: center; gap: 28px; padding: 0 28px; min-height: 52px; flex-wrap: wrap; background: var(--card); border-bottom: 1px solid var(--line); }
.bar nav { display: flex; gap: 4px; }
.bar nav a { color: var(--muted); text-decoration: none; padding: 6px 12px; border-radius: 6px; }
.bar nav a:hover { background: var(--head); color: var(--text); }
.bar nav a[aria-current] { background: var(--head); color: var(--text); font-weight: 600; }
.bar .side { margin-left: auto; }
.brand { display: flex; align-items: center; gap: 8px; font-weight: 700; font-size: 16px; color: var(--link); text-decoration: none; }
main { padding: 24px 28px 48px; }
.heading { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 20px; margin-bottom: 20px; }
.heading p { margin: 0; }
.heading .tools { margin-left: auto; display: flex; gap: 16px; }
.muted { color: var(--muted); }
.crumbs { margin: 0 0 6px; color: var(--muted); }
.count { margin-left: 12px; white-space: nowrap; }
section { margin-bottom: 28px; }
.empty { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 28px; max-width: 640px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; text-align: left; }
.matrix { width: 100%; border-collapse: separate; border-spacing: 0; }
.matrix th, .matrix td { vertical-align: top; border-bottom: 1px solid var(--line); border-right: 1px solid var(--line); }
.matrix tr > :last-child { border-right: 0; }
.matrix tbody tr:last-child > * { border-bottom: 0; }
.matrix th, .matrix .published { padding: 10px 14px; }
.matrix thead th { background: var(--head); font-weight: 600; position: sticky; top: 0; }
.matrix tbody th, .matrix .corner { position: sticky; left: 0; background: var(--card); z-index: 1; min-width: 190px; font-weight: 400; }
.matrix .corner { background: var(--head); z-index: 2; font-weight: 600; }
.recipe, .device { font-weight: 600; }
.published { min-width: 130px; }
.matrix thead th:first-child { width: 230px; }
.matrix thead th:nth-child(2) { width: 170px; }
.cell { min-width: 220px; border-left: 3px solid transparent; }
.cell a { display: block; padding: 10px 14px; color: inherit; text-decoration: none; min-height: 100%; }
.cell a:hover { background: var(--head); }
.cell.none { padding: 10px 14px; text-align: center; }
.top { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; }
.figure { font-weight: 600; font-variant-numeric: tabular-nums; }
.cell .figure { font-size: 16px; white-space: nowrap; }
.cell .figure small { font-size: 12px; font-weight: 400; color: var(--muted); }
.detail { display: block; color: var(--muted); font-size: 12.5px; font-weight: 400; font-variant-numeric: tabular-nums; }
.reason { display: block; font-size: 12.5px; margin-top: 4px; max-width: 62ch; overflow-wrap: anywhere; }
p.reason { font-size: 14px; background: var(--warn-bg); color: var(--warn); border-radius: 8px; padding: 10px 14px; max-width: none; }
.badges { display: block; margin-top: 6px; }
.chip { display: inline-block; white-space: nowrap; font-size: 12px; font-weight: 600; border-radius: 999px; padding: 1px 9px; background: var(--quiet-bg); color: var(--quiet); }
.badge { display: inline-block; white-space: nowrap; font-size: 11.5px; border: 1px solid var(--line); border-radius: 4px; padding: 0 6px; color: var(--muted); background: var(--card); }
.chip.s-ok, .chip.s-improved, .chip.s-completed, .chip.s-idle { background: var(--ok-bg); color: var(--ok); }
.chip.s-regressed, .chip.s-failed, .chip.s-exception, .chip.s-quality, .chip.s-offline { background: var(--bad-bg); color: var(--bad); }
.chip.s-noisy, .chip.s-insufficient, .chip.s-fell-back, .chip.s-not-ready, .chip.s-draining, .chip.s-paused, .chip.s-quarantined { background: var(--warn-bg); color: var(--warn); }
.chip.g-met { background: var(--ok-bg); color: var(--ok); }
.chip.g-missed { background: var(--warn-bg); color: var(--warn); }
.chip.s-running, .chip.s-waiting, .chip.s-busy { background: var(--info-bg); color: var(--info); }
.cell.s-ok, .cell.s-improved { border-left-color: var(--ok); }
.cell.s-regressed, .cell.s-failed, .cell.s-exception, .cell.s-quality { border-left-color: var(--bad); }
.cell.s-noisy, .cell.s-insufficient, .cell.s-fell-back { border-left-color: var(--warn); }
.cell.s-running, .cell.s-waiting { border-left-color: var(--info); }
.cell.s-unsupported, .cell.s-missing { border-left-color: var(--quiet); }
.cell.s-unsupported .reason { color: var(--muted); }
.legend { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 18px; }
.legend summary { cursor: pointer; font-weight: 600; }
.legend dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr)); gap: 6px 24px; margin: 0; }
.legend dl div { display: flex; gap: 10px; }
.legend dt { flex: 0 0 110px; }
.legend dd { margin: 0; color: var(--muted); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 28px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 16px; min-width: 140px; }
.tile .figure { font-size: 17px; }
.plain { background: var(--card); }
.scroll > .plain { width: 100%; }
.plain th, .plain td { padding: 7px 14px; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; vertical-align: top; }
.plain thead th { background: var(--head); font-weight: 600; font-size: 12.5px; }
.plain tbody th { font-weight: 600; }
.plain .wrap { white-space: normal; min-width: 240px; max-width: 60ch; overflow-wrap: anywhere; }
section > .plain { border: 1px solid var(--line); border-radius: 10px; border-collapse: separate; border-spacing: 0; overflow: hidden; }
.plain tbody tr:last-child > * { border-bottom: 0; }
.plot { display: block; width: 100%; max-width: 760px; margin-bottom: 14px; }
.plot text { font-size: 11px; fill: var(--muted); }
.plot .spread { stroke: var(--line); stroke-width: 6; stroke-linecap: round; }
.plot .median { fill: var(--link); }
.plot .axis { stroke: var(--line); }
.share { width: 160px; height: 8px; border-radius: 4px; vertical-align: middle; }
.share .rest { fill: var(--quiet-bg); }
.share .part { fill: var(--ok); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(400px, 100%), 1fr)); gap: 0 32px; margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px 18px; }
.facts div { display: flex; gap: 16px; padding: 5px 0; }
.facts dt { flex: 0 0 170px; color: var(--muted); overflow-wrap: anywhere; }
.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.facts + .scroll { margin-top: 12px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 700px) {
  .plot text { font-size: 17px; }
  .bar { padding: 6px 14px; gap: 4px 10px; } .matrix tbody th, .matrix .corner { position: static; min-width: 150px; } main { padding: 16px 14px 32px; } .heading .tools { margin-left: 0; } .facts dt { flex-basis: 120px; }
}
`.trimStart();

/** The icon of the pages. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1 3 7h2.4L2 11.5h5V15h2v-3.5h5L10.6 7H13z" fill="#1a7f45"/></svg>';
