# SPDX-License-Identifier: EUPL-1.2
from importlib.metadata import Distribution
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from architecture.tracked import ROOT


@pytest.fixture(scope="module")
def notices() -> ModuleType:
    spec = spec_from_file_location("notices", ROOT / "deploy/images/notices.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_of_others_work_is_as_make_notices_writes_it(notices: ModuleType) -> None:
    assert notices.PAGE.read_text() == notices.page(), "call `make notices`"


def test_licence_that_is_no_expression_has_to_be_named_by_hand(
    notices: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "sum-1.dist-info"
    folder.mkdir()
    metadata = folder / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: sum\nVersion: 1\nLicense: as you like it\n")
    with pytest.raises(ValueError, match="sum: name its licence"):
        notices.licence(Distribution.at(folder))
    metadata.write_text("Metadata-Version: 2.1\nName: sum\nVersion: 1\nLicense: MIT\n")
    assert notices.licence(Distribution.at(folder)) == "MIT"
