// Light or dark: as the system has it, or as chosen here.

import { useEffect, useState } from "preact/hooks";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const KEPT = "detente.theme";

/** What was chosen before, in this browser. */
function kept(): Theme {
  try {
    const found = localStorage.getItem(KEPT);
    return THEMES.find((each) => each === found) ?? "system";
  } catch {
    return "system"; // a browser that keeps nothing
  }
}

function wear(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

wear(kept());

/** The choice; `changed` is told so that drawings on a canvas can be made again. */
export function ThemeChoice({ changed }: { changed: () => void }) {
  const [theme, setTheme] = useState(kept);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", changed);
    return () => system.removeEventListener("change", changed);
  }, []);
  const choose = (to: Theme) => {
    setTheme(to);
    wear(to);
    changed();
    try {
      localStorage.setItem(KEPT, to);
    } catch {
      // not kept, but worn
    }
  };
  return (
    <label class="theme">
      Theme
      <select value={theme} onChange={(e) => choose(e.currentTarget.value as Theme)}>
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
