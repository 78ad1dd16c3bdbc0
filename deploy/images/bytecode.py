# SPDX-License-Identifier: EUPL-1.2
"""Loads all that the installed services offer, so that Python writes bytecode of that and of nothing else.

Run by the environment that is shipped, once nothing more is taken out of it: the import of a module that was missed ends
the build with its error. A third of an environment's bytecode is of modules that no service ever loads.
"""

from importlib.metadata import entry_points

for entry in entry_points():
    if entry.group.startswith("stadttakt.") or entry.name.startswith("stadttakt"):
        entry.load()
