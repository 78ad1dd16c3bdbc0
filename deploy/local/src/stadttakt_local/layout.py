# SPDX-License-Identifier: EUPL-1.2
"""Where everything of the local stack lies below the project; creates nothing."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[4]
LOCAL = PROJECT / ".local"
ROOT = LOCAL / "root"
TOOLS = LOCAL / "tools"
LOG = LOCAL / "log"
TEST = LOCAL / "test"
ADMIN_KEY = LOCAL / "admin.key"
APPROVAL_KEY = LOCAL / "approval.key"
"""With it values of indicators are approved that the administrator entered: four eyes."""
CONTACT_KEY = LOCAL / "contact.key"
SETUP = LOCAL / "setup"
ENVIRONMENT = LOCAL / "environment"
MOBILITHEK = LOCAL / "mobilithek"


def data_home(root: Path) -> Path:
    """Return the folder that holds data directories: inside the root, so that no mount is needed."""
    return root / "srv" / "stadttakt"


def inside(root: Path, path: Path) -> str:
    """Return the name under which a program confined to the root sees a path."""
    return "/" + str(path.relative_to(root))
