import { useEffect, useRef, useState } from 'preact/hooks';
import UPlot from 'uplot';
import { aligned } from './series.ts';

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

interface ChartProps {
  /** What a reader who does not see it is told. */
  readonly label: string;
  readonly lines: readonly ChartLine[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** The x values are instants. */
  readonly time?: boolean;
  readonly points?: boolean;
}

const HEIGHT = 220;
/** Told apart by dash as well as by colour. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [1, 1]];
const HUES = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5'];

/** Lines over one axis; drawn anew when colours or width change. */
export function Chart({ label, lines, xLabel, yLabel, time = false, points = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useScheme();
  useEffect(() => {
    const element = place.current;
    if (element === null || lines.length === 0) return;
    const colour = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
    const { axis, columns } = aligned(lines);
    const axisStyle = {
      stroke: colour('--chart-text'),
      grid: { stroke: colour('--chart-grid'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui',
    };
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: lines.length > 1, live: false },
        cursor: { show: false },
        scales: { x: { time } },
        axes: [
          { ...axisStyle, label: xLabel, labelSize: 22, labelFont: '12px system-ui' },
          { ...axisStyle, label: yLabel, labelSize: 22, labelFont: '12px system-ui', size: 56 },
        ],
        series: [
          {},
          ...lines.map(({ label: name }, index) => ({
            label: name,
            stroke: colour(HUES[index % HUES.length] ?? ''),
            dash: [...(DASHES[index % DASHES.length] ?? [])],
            width: 1.5,
            spanGaps: true,
            points: { show: points },
          })),
        ],
      },
      [axis, ...columns],
      element,
    );
    const follow = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    follow.observe(element);
    return () => {
      follow.disconnect();
      plot.destroy();
    };
  }, [lines, xLabel, yLabel, time, points, scheme]);
  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={label} />
      <figcaption class="muted">{label}</figcaption>
    </figure>
  );
}

/** Changes when the page turns light or dark. */
function useScheme(): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const changed = () => setTurn((before) => before + 1);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', changed);
    const chosen = new MutationObserver(changed);
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      system.removeEventListener('change', changed);
      chosen.disconnect();
    };
  }, []);
  return turn;
}
