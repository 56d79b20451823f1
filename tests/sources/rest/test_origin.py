"""Where a value was found is told by file and by variable."""

from pathlib import Path

import pytest

from sources.rest.options.origin import origin_of
from tests.own_settings import own_settings, reload_settings


def test_a_value_is_named_after_the_file_or_variable_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_settings(tmp_path) as folder:
        assert origin_of("sources.atribu.base_url") == "default"
        (folder / "config.toml").write_text('[sources.atribu]\nbase_url = "https://a.example"\napi_key = ""\n')
        reload_settings()
        assert origin_of("sources.atribu.base_url") == str(folder / "config.toml")
        assert origin_of("sources.atribu.api_key") == "default"
        (folder / "secrets.toml").write_text('[destination.there.credentials]\npassword = "x"\n')
        reload_settings()
        assert origin_of("destination.there.credentials") == str(folder / "secrets.toml")
        monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "https://b.example")
        assert origin_of("sources.atribu.base_url") == "environment SOURCES__ATRIBU__BASE_URL"
        monkeypatch.setenv("DESTINATION__THERE__CREDENTIALS__HOST", "h")
        assert origin_of("destination.there.credentials") == "environment DESTINATION__THERE__CREDENTIALS__HOST"
