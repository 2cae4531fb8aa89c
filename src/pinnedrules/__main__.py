"""``python -m pinnedrules``."""

from pinnedrules.cli import main

raise SystemExit(main())
