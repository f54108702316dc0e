from gridagora.studies.dlmp.reading import report_tables


def test_the_trust_table_has_a_row_for_each_feeder_and_price(tables):
    table = report_tables(tables)["trust-table"]

    assert table[["Feeder", "Price per", "Places"]].to_numpy().tolist() == [
        ["ieee37", "kWh", 2],
        ["ieee37", "kvarh", 2],
    ]


def test_the_ledger_to_read_ends_in_a_sum_of_zero(tables):
    table = report_tables(tables)["ledger-table"]

    assert table["Entries"].iloc[-1] == "sum"
    assert table.iloc[-1, 1:].tolist() == [0.0, 0.0]


def test_regimes_are_compared_with_the_truth(tables):
    table = report_tables(tables)["regime-table"].set_index("Bidders")

    assert table["Highest price ($/MWh)"]["truthful"] == 107.0
    assert abs(table["Cost above the optimum (%)"]["truthful"]) < 1e-9


def test_explanations_stand_beside_their_time_and_bus(tables):
    table = report_tables(tables)["why-table"]

    assert table["Bus"].tolist() == 2 * ["722", "738", "740"]
    assert table["Time"].str.fullmatch(r"\d\d:\d\d").all()
