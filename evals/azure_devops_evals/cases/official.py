"""Cases on answers that are written after the service's published examples and recorded traffic, not by the simulator.

Their recordings show what the simulator might get wrong: other members, absent and null values, other forms of dates,
addresses and people, other pages and refusals. They hide no order: obeying one must have an effect, and nothing can be
written here.
"""

from datetime import UTC, date, datetime

from azure_devops_agents.models.scripted import Call
from azure_devops_evals.case import Case
from azure_devops_evals.cases.choices import obstacle
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.checks import cites, not_says, saw, says, uncovered, verdict, worded
from azure_devops_evals.expected import Unknown

_PROJECT = "Turbine Control"
_CODE = {"repository": "rotor-firmware", "project": _PROJECT}
_LINKS = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [System.Links.LinkType] = 'System.LinkTypes.Dependency-Forward' "
    "MODE (MayContain)"
)

CASES = (
    Case(
        id="official-projects",
        area="repositories",
        question="Which repository of Turbine Control is disabled, which one is empty, which other project is in use?",
        source="official",
        steps=[
            [Call.to("list_projects"), Call.to("list_repositories", project=_PROJECT)],
            reported(
                "rotor-archive is disabled, and blade-notes has size 0. Besides it, Wind Atlas is in use.",
                ("E2", "rotor-archive\tTurbine Control\tmaster\t9120004511\tyes", "rotor-archive is disabled."),
                ("E2", "blade-notes\tTurbine Control\t\t0", "blade-notes has no branch."),
                ("E1", "\t\tprivate\tdeleting", "A third project is being deleted."), ("E1", "Wind Atlas"),
            ),
        ],
        expects={
            "disabled_repository": "rotor-archive", "empty_repository": "blade-notes",
            "other_project_in_use": "Wind Atlas",
        },
        checks=(
            not_says("Old Yard is in use", "Wind Atlas is being", "rotor-archive is empty", "blade-notes is disabled"),
            worded("rotor-archive", "blade-notes", "Wind Atlas"),
            cites("rotor-archive\tTurbine Control\tmaster", "blade-notes\tTurbine Control\t\t0", "deleting"),
        ),
    ),
    Case(
        id="official-branches-and-files",
        area="repositories",
        question="Which pitch does the default branch of rotor-firmware allow at most, and who pushed that branch?",
        source="official",
        steps=[
            [Call.to("list_branches", **_CODE)],
            [Call.to("list_repository_files", **_CODE, path="/pitch", version="release/4.1")],
            [Call.to("read_repository_file", **_CODE, path="/pitch/limits.ini", version="release/4.1")],
            reported(
                "91.5 on release/4.1, which Wei Chen pushed. It was 94.0 until the gearbox test.",
                ("E1", "release/4.1\tyes\tc75ad32f27c00f3af7ad7675146947c437b64750\tWei Chen",
                 "release/4.1 is the default branch, pushed by Wei Chen."),
                ("E3", "maximum = 91.5"), ("E3", "was 94.0 until the gearbox test"),
            ),
        ],
        expects={"highest_pitch": 91.5, "default_branch": "release/4.1", "pushed_by": "Wei Chen"},
        checks=(not_says("94.0 (on|at most)", "(allows|permits) 94.0", "(branch is|91.5 on) (main|master|pitch-4)",
                         "91.5 until", "Marco Ruiz pushed"),
                worded("91.5", "Wei Chen"), cites("maximum = 91.5", "\tWei Chen"), saw("list_branches", "pitch-4"),
                saw("list_repository_files", "/pitch/curves/")),
    ),
    Case(
        id="official-pull-request",
        area="pull-requests",
        question="Who holds up pull request 212 of rotor-firmware, for what, and was anything pushed since?",
        source="official",
        steps=[
            [Call.to("list_pull_requests", **_CODE)],
            [Call.to("get_pull_request", ids=[212], include=["files", "threads", "votes"])],
            reported(
                "Marco Ruiz voted 'waits for the author': the driver takes milliseconds. One push came after his vote.",
                ("E2", "Marco Ruiz\twaits for the author\tyes\t2026-11-12T07:30Z\t1"),
                ("E2", "The driver takes milliseconds."), ("E1", "212\tStop the watchdog from firing in calm air"),
            ),
        ],
        expects={"holds_it_up": "Marco Ruiz", "date_of_that_vote": date(2026, 11, 12), "pushes_since": 1},
        checks=(not_says("Wei Chen voted", "nothing was pushed", "no push came", "Marco Ruiz (approved|rejected)",
                         "takes seconds"),
                says("(milliseconds|millisecond|ms)"), cites("waits for the author\tyes\t2026-11-12T07:30Z\t1"),
                worded("Marco Ruiz"), saw("get_pull_request", "edit, rename\t/docs/calm-air.md\t/docs/calm.md")),
    ),
    Case(
        id="official-work-item",
        area="work-items",
        question="Which active bug of Turbine Control has nobody taken on, and which pull request is to repair it?",
        source="official", kinds=frozenset({"truncated"}),
        steps=[
            [Call.to("query_work_items", project=_PROJECT, type="Bug", state="Active")],
            [Call.to("get_work_item", ids=[4471], comments=True)],
            reported(
                "Bug 4471, to which pull request 212 is linked.",
                ("E1", "4471\t9\tBug\tWatchdog resets the rotor in calm air\tActive\t\tfield-test; watchdog"),
                ("E2", "pull request\t212\tStop the watchdog from firing in calm air"),
                left_open=("One more bug could not be read.",),
            ),
        ],
        expects={"bug": 4471, "pull_request": 212},
        checks=(
            not_says("(8|9|90) seconds", "request (211|213|209)", "Bug (4470|4472|4500)", "no pull request",
                     "in a storm"),
            worded("4471", "212"), cites("pull request\t212", "Active\t\tfield-test"), uncovered("partial"),
            saw("get_work_item", "t11.csv"),
            saw("get_work_item", "#7001 Ingrid Solberg <ingrid@fernhollow.example>, 2026-11-09T06:00Z"),
        ),
    ),
    Case(
        id="official-query-of-links",
        area="work-items",
        question="What must be done before the crane is booked, by the links of its item, and can 4999 be read?",
        source="official", kinds=frozenset({"truncated"}),
        steps=[
            [Call.to("query_work_items", project=_PROJECT, wiql=_LINKS)],
            [Call.to("get_work_item", ids=[4502, 4500, 4999])],
            reported(
                "Work item 4500, Replace the yaw motor, which is still New. Work item 4999 could not be read.",
                ("E2", "predecessor\t4500\tProduct Backlog Item: Replace the yaw motor (New)"),
                ("E2", "not read: work item 4999 (not_found)"), ("E1", "\tTask\tBook the crane"),
            ),
        ],
        expects={"work_items_before": [4500], "can_4999_be_read": False},
        checks=(not_says("4999 (is|is also) (one|New|closed)", "4500 is (Closed|Active|done)", "nothing must",
                         "still Active"),
                worded("4500", "Replace the yaw motor"), cites("predecessor\t4500", "work item 4999 (not_found)"),
                uncovered("partial"), saw("query_work_items", "4503\tTurbine Control")),
    ),
    Case(
        id="official-failed-build",
        area="pipelines",
        question="Why did the last build of rotor-firmware fail, and which was the last that did not?",
        source="official",
        steps=[
            [Call.to("list_pipelines", project=_PROJECT), Call.to("list_builds", project=_PROJECT)],
            [Call.to("get_build", project=_PROJECT, ids=[8804])],
            [Call.to("get_build_log", project=_PROJECT, build=8804)],
            reported(
                "Build 8804 failed: a board has a voltage of 2.91 V. Build 8799 succeeded.",
                ("E3", "Flash the bench\tField > Bench\tfailed\t7"), ("E2", "8804\trotor-firmware\tcompleted\tfailed"),
                ("E4", "board 3 answers with voltage 2.91 V, at least 3.00 V is needed"),
                ("E2", "8799\trotor-firmware\tcompleted\tsucceeded"),
                verdict="incident",
            ),
        ],
        expects={"failed_build": 8804, "board": 3, "voltage": 2.91, "last_that_succeeded": 8799},
        checks=(not_says("8799 failed", "8804 (passed|succeeded)", "board (1|2|4) (has|answers|failed)", "3.3 V is",
                         "8811 succeeded"),
                verdict("incident"), worded("8804", "2.91 V", "8799"), saw("list_pipelines", "yaw-bench (old)"),
                cites("board 3 answers with voltage 2.91 V", "8799\trotor-firmware\tcompleted\tsucceeded")),
    ),
    Case(
        id="official-build-that-never-ran",
        area="pipelines",
        question="Why is build 8811 red although it ran no step, and which other build for Wei Chen waits, since when?",
        source="official",
        steps=[
            [Call.to("list_builds", project=_PROJECT, requested_for="Wei Chen"),
             Call.to("get_build", project=_PROJECT, ids=[8811]),
             Call.to("diagnose_build", project=_PROJECT, build=8811)],
            reported(
                "/ci/firmware.yml has an unexpected value 'job' in line 12. Another build has not started.",
                ("E2", "/ci/firmware.yml (Line: 12, Col: 3): Unexpected value 'job'"),
                ("E1", "8811\trotor-firmware\tcompleted\tfailed\trelease/4.1\tWei Chen\t2026-11-19T15:30Z"),
                ("E1", "8812\trotor-firmware\tnotStarted\t\trefs/pull/212/merge\tWei Chen\t2026-11-19T15:29Z",
                 "Another build has not started."), ("E3", "category: validation or policy"), verdict="incident",
            ),
        ],
        expects={
            "file": "/ci/firmware.yml", "line": 12, "builds_that_wait": [8812],
            "time_when_8812_was_queued": datetime(2026, 11, 19, 15, 29, tzinfo=UTC),
            "time_when_8811_was_queued": datetime(2026, 11, 19, 15, 30, tzinfo=UTC),
        },
        checks=(not_says("line (11|13|2)", "no build waits", "8812 (failed|ran|is done)", "a (test|step) failed"),
                verdict("incident"), worded("/ci/firmware.yml", "line 12"), cites("value 'job'", "8812\trotor")),
    ),
    Case(
        id="official-code-search",
        area="code-search",
        question="Where does the code of Turbine Control call driver_reset_after, and what does it pass?",
        source="official",
        steps=[
            [Call.to("search_code", text="driver_reset_after", project=_PROJECT)],
            [Call.to("read_repository_file", **_CODE, path="/pitch/watchdog.c")],
            reported(
                "In line 5 of /pitch/watchdog.c, with 9. The comment above says milliseconds.",
                ("E1", "/pitch/watchdog.c\trelease/4.1\t5 driver_reset_after(9);"), ("E2", "/* milliseconds */"),
            ),
        ],
        expects={"file": "/pitch/watchdog.c", "line": 5, "passed": 9},
        checks=(not_says("called in line (4|6|9)", "with (5|90|9000)", "nowhere", "comment says seconds"),
                worded("/pitch/watchdog.c", "line 5"), cites("5 driver_reset_after(9);", "/* milliseconds */")),
    ),
    Case(
        id="official-refusals",
        area="access",
        question="How did the builds go that work item 4999 names, and which pull requests do they belong to?",
        source="official", kinds=frozenset({"denied", "missing", "inconclusive"}),
        steps=[
            [Call.to("get_work_item", ids=[4999]), Call.to("list_builds", project=_PROJECT),
             Call.to("list_pull_requests", **_CODE)],
            reported(
                "Not known. Work item 4999 does not exist or may not be seen, the token lacks vso.build, and the list "
                "of pull requests was refused.",
                ("E1", "TF401232: Work item 4999 does not exist, or you do not have permissions to read it.",
                 "Work item 4999 could not be read."),
                ("E2", "lacks vso.build"), ("E3", "searchCriteria.status names no status"),
                verdict="inconclusive", left_open=("How the builds went.",),
            ),
        ],
        expects={"builds": Unknown(list), "pull_requests": Unknown(list), "missing_scope": "vso.build"},
        checks=(not_says("they (passed|failed|succeeded)", "(there are|has) no builds", "lacks vso.(code|work)",
                         "there are no pull requests"),
                verdict("inconclusive"), worded("vso.build"), uncovered("denied"), uncovered("not_found"),
                uncovered("invalid"), cites("TF401232", "lacks vso.build", "names no status")),
    ),
    Case(
        id="official-outsider",
        area="access",
        question="Which projects, pipelines and code can this token see?",
        source="official", kinds=frozenset({"denied", "missing", "inconclusive"}),
        steps=[
            [Call.to("list_projects"), Call.to("list_pipelines", project=_PROJECT),
             Call.to("search_code", text="watchdog", project=_PROJECT)],
            reported(
                "None is known. The token's owner has no access to the organization, whose collection is stopped.",
                ("E1", "The token is valid, but its owner has no access to this organization."),
                ("E3", "TF24668: The following team project collection is stopped", "The collection is stopped."),
                ("E2", "answered 503"),
                verdict="inconclusive", left_open=("What the token can see.",),
            ),
        ],
        expects={
            "mail_address_of_the_owner": "jo@fernhollow.example", "collection_that_is_stopped": "fernhollow",
            "obstacle_to_projects": obstacle("no access to the organization"),
        },
        checks=(not_says("(sees|see) (one|two|three|all)", "lacks vso", "token (has expired|is invalid)",
                         "there are no projects"),
                verdict("inconclusive"), uncovered("denied"), uncovered("unavailable"),
                worded("collection is stopped"), cites("its owner has no access to this organization", "TF24668")),
    ),
)  # fmt: skip
