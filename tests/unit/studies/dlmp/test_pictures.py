from gridagora.studies.dlmp.pictures import CAPTIONS, figures
from gridagora.studies.dlmp.reading import report_tables


def test_every_picture_and_table_has_a_caption_and_is_valid(tables):
    charts, shown = figures(tables), report_tables(tables)

    assert {*charts, *shown} == set(CAPTIONS)
    for chart in charts.values():
        chart.to_dict()
    for table in shown.values():
        assert len(table) > 0
