def test_dropped_rows_are_as_if_they_had_never_been_there(one_process, weights):
    dropped, without = one_process["dropped"]["result"], one_process["without"]["result"]
    (ours,), (theirs,) = dropped["members"], without["members"]
    assert ours["data"]["fingerprint"] == theirs["data"]["fingerprint"]
    assert ours["rows"] == theirs["rows"] == 67
    assert (ours["data"]["dropped"], theirs["data"]["dropped"]) == (3, 0)
    ours, theirs = weights("dropped"), weights("without")
    assert ours.keys() == theirs.keys()
    assert all(bool((ours[name] == theirs[name]).all()) for name in ours)


def test_rows_to_drop_that_are_not_there_are_changed_data(one_process):
    assert one_process["dropped-too-far"]["error"] == "ChangedDataError"
