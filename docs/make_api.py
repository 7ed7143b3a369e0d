"""Write docs/api.md: every public name, from the one table in `emopipe`."""

from pathlib import Path

import emopipe

LINES = ["# API reference", "", "Everything is imported from `emopipe`.", ""]
for name in emopipe.__all__:
    kind = "autoclass" if isinstance(getattr(emopipe, name), type) else "autofunction"
    LINES += [f"## {name}", "", "```{eval-rst}", f".. {kind}:: emopipe.{name}", "```", ""]
Path(__file__).with_name("api.md").write_text("\n".join(LINES))
