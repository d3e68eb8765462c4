"""Recording and playing back: what counts as the same request, what is taken out, and what a miss does."""

import json

import httpx
import pytest

from azure_devops_evals.cases import CASES
from azure_devops_evals.recording.format import (
    PSEUDONYM_KEY,
    Provenance,
    Recording,
    RecordingTransport,
    Scrubber,
)
from azure_devops_evals.recording.replay import ReplayMiss, ReplayTransport
from azure_devops_evals.running.play import RECORDINGS
from azure_devops_evals.running.run import run_case
from langchain_azure_devops.text.secrets import make_pseudonym

BASE = "http://127.0.0.1:4711/tidewater"
KEY = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA=="
LEAK = f"AccountName=a;AccountKey={KEY};EndpointSuffix=core.windows.net"


async def recorded(answers, requests, **scrub):
    """What is kept of some requests when a service gives these answers in turn."""
    turn = iter(answers)
    transport = RecordingTransport(httpx.MockTransport(lambda _: next(turn)), Scrubber(BASE, **scrub))
    seen = [await transport.handle_async_request(request) for request in requests]
    await transport.aclose()
    provenance = Provenance("2026-11-20T09:00:00Z", "simulator", "7.1", "tidewater")
    return Recording(provenance, transport.taken()), seen


def get(path, base=BASE, **headers):
    return httpx.Request("GET", base + path, headers=headers)


def post(path, body, base=BASE):
    return httpx.Request("POST", base + path, json=body)


async def test_host_organization_version_headers_and_order_do_not_count():
    first = get("/_apis/projects?b=2&a=1&api-version=7.1", authorization="Basic Og==")
    recording, _ = await recorded([httpx.Response(200, json={"count": 1})], [first])
    replay = ReplayTransport(recording)
    again = get("/_apis/projects?a=1&api-version=7.2&b=2", base="https://almsearch.dev.azure.com/tidewater", accept="x")
    assert (await replay.handle_async_request(again)).json() == {"count": 1}
    assert replay.misses == []


async def test_the_order_of_members_of_a_body_does_not_count_but_their_values_do():
    recording, _ = await recorded([httpx.Response(200, json=[])], [post("/_apis/wit/wiql", {"a": 1, "b": [2]})])
    replay = ReplayTransport(recording)
    assert (await replay.handle_async_request(post("/_apis/wit/wiql", {"b": [2], "a": 1}))).status_code == 200
    with pytest.raises(ReplayMiss):
        await replay.handle_async_request(post("/_apis/wit/wiql", {"b": [3], "a": 1}))


async def test_repeats_answer_in_order_and_the_last_one_sticks():
    answers = [httpx.Response(429, headers={"retry-after": "3"}), httpx.Response(200, json={"n": 1})]
    recording, _ = await recorded([*answers, httpx.Response(200, json={"n": 1})], [get("/x")] * 3)
    assert len(recording.exchanges) == 2
    replay = ReplayTransport(recording)
    statuses = [(await replay.handle_async_request(get("/x"))).status_code for _ in range(4)]
    assert statuses == [429, 200, 200, 200]


async def test_a_miss_is_noted_and_names_the_request_and_its_nearest():
    recording, _ = await recorded([httpx.Response(200)], [get("/_apis/build/builds?definitions=1")])
    replay = ReplayTransport(recording)
    with pytest.raises(
        ReplayMiss, match=r"definitions=2\. The nearest it has: .*=1\. Different: query.definitions: '1' -> '2'\."
    ):
        await replay.handle_async_request(get("/_apis/build/builds?definitions=2"))
    assert [str(miss.key) for miss in replay.misses] == ["GET /_apis/build/builds?definitions=2"]


async def test_only_needed_headers_are_kept_and_nobody_is_named_in_them():
    headers = {
        "content-type": "application/json", "x-vss-userdata": "1234:dana@tidewater.example", "set-cookie": "s=1",
        "x-ms-continuationtoken": "c", "activityid": "a", "x-tfs-processid": "p", "location": f"{BASE}/_signin",
    }  # fmt: skip
    recording, [passed] = await recorded([httpx.Response(200, headers=headers, content=b"{}")], [get("/x")])
    assert dict(recording.exchanges[0].headers) == {
        "content-type": "application/json",
        "location": "https://dev.azure.com/tidewater/_signin",
        "x-ms-continuationtoken": "c",
        "x-tfs-processid": "00000000-0000-4000-8000-000000000000",
        "x-vss-userdata": "00000000-0000-4000-8000-000000000001:somebody@example.invalid",
    }
    assert passed.headers["x-vss-userdata"] == "1234:dana@tidewater.example"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream"])
async def test_secrets_and_the_token_are_taken_out_but_passed_on(kind, tmp_path):
    request = httpx.Request("GET", BASE + "/x", headers={"authorization": "Basic OnRoZS10b2tlbi1pdHNlbGY="})
    body = json.dumps({"a": LEAK, "b": "the-token-itself"}).encode()
    answer = httpx.Response(200, headers={"content-type": kind}, content=body)
    recording, [passed] = await recorded([answer], [request])
    text = recording.text()
    (tmp_path / "r.json").write_text(text)
    assert KEY in passed.text
    assert KEY not in text
    assert "the-token-itself" not in text
    assert make_pseudonym(KEY, "account-key", PSEUDONYM_KEY) in text
    assert Recording.load(tmp_path / "r.json") == recording


async def test_a_secret_is_taken_out_where_it_stands_alone_whichever_came_first():
    asked = [post("/s", {"searchText": KEY}), get("/f"), post("/s", {"searchText": f"again {KEY}"})]
    answers = [httpx.Response(200), httpx.Response(200, text=LEAK), httpx.Response(200)]
    recording, _ = await recorded(answers, asked)
    assert KEY not in json.dumps([exchange.as_json() for exchange in recording.exchanges])
    replay = ReplayTransport(recording)
    pseudonym = make_pseudonym(KEY, "account-key", PSEUDONYM_KEY)
    assert (await replay.handle_async_request(post("/s", {"searchText": pseudonym}))).status_code == 200


async def test_bytes_survive_and_bytes_with_a_secret_do_not():
    odd = b"\xff\xfe\x00ok"
    recording, _ = await recorded(
        [httpx.Response(200, content=odd), httpx.Response(200, content=b"\xff" + LEAK.encode())], [get("/a"), get("/b")]
    )
    replay = ReplayTransport(recording)
    assert (await replay.handle_async_request(get("/a"))).content == odd
    assert KEY.encode() not in (await replay.handle_async_request(get("/b"))).content


async def test_mail_addresses_of_a_live_recording_become_stable_stand_ins():
    body = {"by": "dana@tidewater.example", "to": "Dana@tidewater.example"}
    recording, _ = await recorded([httpx.Response(200, json=body)], [get("/x")], people=True)
    kept = recording.exchanges[0].content
    assert kept["by"] == kept["to"] != body["by"]
    assert kept["by"].endswith("@example.invalid")


def test_a_case_fails_by_the_miss_not_by_a_check(tmp_path):
    case = next(case for case in CASES if case.id == "template-error")
    document = json.loads((RECORDINGS / "template-error.json").read_text())
    document["exchanges"] = [row for row in document["exchanges"] if not row["path"].endswith("/changes")]
    (tmp_path / "template-error.json").write_text(json.dumps(document))
    result = run_case(case, recordings=tmp_path)
    assert result.status == "miss"
    assert "GET /Platform/_apis/build/builds/27/changes" in result.reasons[0]


def test_a_missing_recording_is_an_error_that_says_how_to_make_it(tmp_path):
    result = run_case(next(case for case in CASES if case.id == "template-error"), recordings=tmp_path)
    assert result.status == "harness error"
    assert "azure-devops-evals record --case template-error" in result.reasons[0]


def test_what_is_not_a_recording_is_refused(tmp_path):
    (tmp_path / "r.json").write_text('{"exchanges": []}')
    with pytest.raises(ValueError, match="not a recording"):
        Recording.load(tmp_path / "r.json")
