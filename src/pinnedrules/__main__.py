"""``python -m pinnedrules``."""

from __future__ import annotations

from pinnedrules.cli import main

raise SystemExit(main())
