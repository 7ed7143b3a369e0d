"""``python -m emopipe.cli``: the same as the ``emopipe`` command."""

from emopipe.cli import main

raise SystemExit(main())
