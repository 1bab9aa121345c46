"""What loads when the graph loads."""

import subprocess
import sys

from tests.support import project_root

_HEAVY = ("great_expectations", "pandas", "scipy", "altair", "xlsxwriter")


def test_loading_the_checks_of_all_tables_loads_no_heavy_library() -> None:
    program = f"""
import sys
from linkstar_pipelines.quality import docs
from linkstar_pipelines.quality.checks import build_checks
from linkstar_pipelines.schemas.catalog import TABLES
for table in TABLES:
    build_checks(table)
print([name for name in {_HEAVY} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=project_root(), timeout=120
    )
    assert done.stdout.strip() == "[]"
