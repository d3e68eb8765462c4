"""The check of reports, measured on the reference reports of all cases."""

import pytest

from azure_devops_agents.reports.units import Source
from azure_devops_evals.cases import CASES
from azure_devops_evals.selfcheck.errors import DENIED, seed_cells, seed_denials, seed_errors
from azure_devops_evals.selfcheck.support import DENIALS_AT_LEAST, Judged, SupportMeasure, measure_support

LIST = """2 builds, all
<untrusted 0>
id\tpipeline\tresult\tqueued
17\tdocs\tsucceeded\t2026-11-01T08:00Z
19\tdocs\tfailed\t2026-11-03T08:00Z
</untrusted 0>"""


@pytest.mark.timeout(600)
def test_no_true_sentence_is_marked_and_nearly_every_error_is():
    measured = measure_support(CASES, jobs=1)
    assert measured.true.found == 0, "\n".join(measured.lines())
    assert measured.holds, "\n".join(measured.lines())
    assert measured.true.of > 300
    assert measured.errors.of > 500
    assert measured.cells.of > 200
    assert measured.denials.of > 3_000


def test_errors_are_values_of_the_evidence_and_values_that_are_nowhere():
    made = list(seed_errors("Build 17 succeeded on 1 November.", {"E1": Source("E1", LIST, "list_builds", {})}))
    assert [(error.kind, error.near, error.sentence) for error in made] == [
        ("date", True, "Build 17 succeeded on 3 November."),
        ("date", False, "Build 17 succeeded on 2 November."),
        ("id", True, "Build 19 succeeded on 1 November."),
        ("id", False, "Build 18 succeeded on 1 November."),
        ("result", True, "Build 17 failed on 1 November."),
    ]


def test_a_count_is_also_replaced_by_an_id_of_the_same_evidence():
    made = list(seed_errors("There are 2 builds.", {"E1": Source("E1", LIST, "list_builds", {})}))
    assert [(error.kind, error.near, error.sentence) for error in made] == [
        ("count", True, "There are 17 builds."),
        ("count", False, "There are 3 builds."),
    ]
    [near, _] = list(seed_errors("Two builds ran.", {"E1": Source("E1", LIST.replace("17", "7"), "list_builds", {})}))
    assert near.sentence == "Seven builds ran."


def test_a_true_sentence_is_denied_in_several_frames_and_stays_as_it_is():
    made = [error.sentence for error in seed_denials("Build 17 succeeded.")]
    assert "None of the following is true: Build 17 succeeded." in made
    assert "Build 17 succeeded. The opposite is the case." in made
    assert all("Build 17 succeeded." in sentence for sentence in made)


def test_cells_are_replaced_whatever_the_check_recognizes():
    made = list(
        seed_cells("The docs pipeline ended failed.", {"E1": Source("E1", LIST.replace("19\tdocs", "19\tapi"))})
    )
    assert [(error.kind, error.sentence) for error in made] == [
        ("column pipeline", "The api pipeline ended failed."),
        ("column result", "The docs pipeline ended succeeded."),
    ]


def test_a_measure_holds_only_without_a_marked_truth_and_with_nearly_all_errors():
    truth, error = Judged("c", "true", False, "t", False), Judged("c", "id", True, "e", True)
    assert SupportMeasure([truth, error]).holds
    assert not SupportMeasure([Judged("c", "true", False, "t", True), error]).holds
    missed = Judged("c", "id", True, "e", False)
    assert not SupportMeasure([truth, error, missed]).holds
    denials = [Judged("c", DENIED, True, "d", number < 100 * DENIALS_AT_LEAST) for number in range(100)]
    assert SupportMeasure([truth, error, *denials]).holds
    assert not SupportMeasure([truth, error, *denials, Judged("c", DENIED, True, "d", False)]).holds
    assert "a frame denies marked: 90/100" in "\n".join(SupportMeasure(denials).lines())
    cell = Judged("c", "column branch", True, "e", False)
    assert not SupportMeasure([truth, error, cell]).holds
    assert "another cell of the same column marked: 0/1" in "\n".join(SupportMeasure([truth, error, cell]).lines())
    assert "errors in reports marked: 1/2" in "\n".join(SupportMeasure([truth, error, missed]).lines())
