from gridagora.studies.market_power.pictures import CAPTIONS, figures


def test_every_picture_has_a_caption_and_is_a_valid_chart(tables):
    charts = figures(tables)

    assert set(charts) == set(CAPTIONS)
    for chart in charts.values():
        chart.to_dict()


def test_the_price_map_marks_the_three_full_lines(tables):
    lines = tables["lines"].query("scenario == 'b-raised' and binding")

    assert lines["branch"].to_list() == ["l800_802", "l814r_850", "l816_824"]
