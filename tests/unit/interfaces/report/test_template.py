import re

from gridagora.interfaces.report.template import POLICY, SCRIPT, STYLE


def test_the_page_may_load_nothing_from_anywhere():
    assert POLICY.startswith("default-src 'none'")
    assert "http" not in POLICY


def test_style_and_script_name_no_address_and_cannot_end_their_element():
    for text in (STYLE, SCRIPT):
        assert not re.search(r"https?:|@import|url\(|</", text)


def test_the_page_has_looks_for_dark_for_phones_and_for_paper():
    assert "prefers-color-scheme: dark" in STYLE
    assert "max-width: 600px" in STYLE
    assert "@media print" in STYLE
