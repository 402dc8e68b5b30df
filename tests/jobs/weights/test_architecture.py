"""A checkpoint's configuration is others' text: what is not one is named, whatever it holds."""

import pytest

from jobs.errors import ConfigurationError
from jobs.weights.architecture import check_architecture


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"{", b"\xff", b"[]", b""])
def test_what_is_no_configuration_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"config\.json: not "):
        check_architecture(data, {}, [], "config.json")
