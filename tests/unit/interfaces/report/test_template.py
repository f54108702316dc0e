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


def test_the_slider_stays_in_sight_and_is_left_out_on_paper():
    assert re.search(r"\.controls \{ position: sticky; top: 0", STYLE)
    assert "@media print { nav, .controls" in STYLE


def test_a_slider_keeps_its_place_when_the_window_changes():
    assert SCRIPT.index("const kept = chosen(controls)") < SCRIPT.index(
        "controls.replaceChildren()"
    )
    assert "steer(controls, result.view, hints.slider || {}, kept)" in SCRIPT


def test_a_slider_says_its_names_aloud():
    assert 'setAttribute("aria-valuetext", words[input.value])' in SCRIPT
