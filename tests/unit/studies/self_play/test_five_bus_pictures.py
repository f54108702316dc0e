from gridagora.studies.self_play.five_bus_pictures import figures


def test_benefits_show_truth_equilibrium_and_both_ends_of_self_play(five_bus_tables):
    drawn = str(figures(five_bus_tables)["benefits"].to_dict())

    for name in ("all at marginal", "equilibrium, G1", "self-play", "congestion rent"):
        assert name in drawn
    assert "1056" in drawn


def test_payoffs_are_those_with_g3_at_the_top(five_bus_tables):
    chart = figures(five_bus_tables)["payoffs"].to_dict()

    # (0, 30): G1 7275.33, G2 2032.03
    assert "7,275 | 2,032" in str(chart)
    assert "2,032 | 7,275" in str(chart)
    # both at the truth with G3 at the top, and 16 pairs in all
    assert str(chart).count("'text': '") >= 16


def test_visits_are_numbered_from_neither_to_the_second(five_bus_tables):
    visits = five_bus_tables["visits"].assign(equilibrium=[-1, 1])
    chart = figures({**five_bus_tables, "visits": visits})["q-learning"].to_dict()

    assert chart["title"]["subtitle"] == ["0: neither, 1: G1 low, 2: G2 low."]
    assert "'y': 2" in str(chart)
    assert "'y': 0" in str(chart)


def test_known_surpluses_are_lines_in_the_picture_of_surpluses(five_bus_tables):
    drawn = str(figures(five_bus_tables)["surplus"].to_dict())

    assert "producers, known" in drawn
    assert "15117.9" in drawn
