"""
The rule for an address from the environment is the settings' rule for a URL, in the same words.
"""

from __future__ import annotations

import pydantic
import pytest

from zot_ci.settings.values import Url
from zot_ci.settings.web_address import address_fault

URL: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(Url)

GOOD = [
    "http://a",
    "https://a.example",
    "https://a.example:8443",
    "https://a.example/below/it",
    "https://zöt.example",
    "http://a_b",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    f"https://{'a' * 63}.example",
]
BAD = [
    "",
    "a.example",
    "ftp://a.example",
    "HTTPS://a.example",
    "https:/a.example",
    "https://",
    "https://:80",
    "https://a b",
    "https://a\n",
    " https://a",
    "https://a\\b",
    "https://a..example",
    "https://a.example.",
    "https://.example",
    f"https://{'a' * 64}.example",
    "https://a:99999",
    "https://a:port",
    "https://::1",
    "https://[::1",
    "https://[zz]",
    "https://1.2.3.400",
    "https://1.2.3.4.5",
    "https://a<b",
    "https://a|b",
    "https://a^b",
    "https://me@a.example",
    "https://me:s3cret@a.example",
    "https://a.example?",
    "https://a.example/b?c=d",
    "https://a.example#",
    "https://a.example/",
]


@pytest.mark.parametrize("value", GOOD)
def test_an_address_that_the_settings_take_is_taken(value: str) -> None:
    """By both."""
    assert URL.validate_python(value) == value
    assert address_fault(value) == ""


@pytest.mark.parametrize("value", BAD)
def test_an_address_is_refused_in_the_words_of_the_settings(value: str) -> None:
    """And its own text is not among them."""
    with pytest.raises(pydantic.ValidationError) as caught:
        URL.validate_python(value)

    fault = address_fault(value)
    assert fault == caught.value.errors()[0]["msg"].removeprefix("Value error, ")
    assert "s3cret" not in fault


@pytest.mark.parametrize("value", ["https:///a", "https://a%41b", "https://1.2.3"])
def test_what_only_a_parser_that_corrects_takes_is_refused(value: str) -> None:
    """The HTTP client takes an address literally."""
    assert address_fault(value).startswith("must be a URL")
