import { useLayoutEffect, useState } from 'preact/hooks';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEPT_AS = 'grove-theme';

/** Light, dark, or as the reader's system is: kept in this browser. */
export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  useLayoutEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    keep(theme);
  }, [theme]);
  return (
    <label class="theme">
      <span class="hidden">Colours</span>
      <select value={theme} onChange={({ currentTarget }) => setTheme(themeOf(currentTarget.value))}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A browser that keeps nothing for anybody refuses the storage itself. */
function readTheme(): Theme {
  try {
    return themeOf(localStorage.getItem(KEPT_AS));
  } catch {
    return 'system';
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEPT_AS, theme);
  } catch {
    // Then it is chosen again next time.
  }
}

function themeOf(name: string | null): Theme {
  return THEMES.find((theme) => theme === name) ?? 'system';
}
