"""Lists of an answer: bad ones cost little memory, however many rows they have, and good ones are read whole."""

import json
import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent("""
    import json, sys, tracemalloc
    import httpx
    from langchain_azure_devops.errors import ServiceFault
    from langchain_azure_devops.http.request import RequestContext
    from langchain_azure_devops.http.responses import Collection, OrNone, decode
    from langchain_azure_devops.safety.grants import Operation
    from pydantic import BaseModel

    class Row(BaseModel):
        id: int
        name: str

    class Wrapped(BaseModel):
        results: OrNone[Row]

    row, count, model = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    name = {"collection": "value", "wrapped": "results"}[model]
    content = ('{"%s":[' % name + ",".join([json.dumps(row)] * count) + "]}").encode()
    context = RequestContext(Operation("GET", "/x"), {}, None, 0.0, None)
    request = httpx.Request("GET", "http://x", extensions={"request_context": context})
    response = httpx.Response(200, content=content, request=request)
    decode_as = {"collection": Collection[Row], "wrapped": Wrapped}[model]
    decode(httpx.Response(200, content=b'{"value":[],"results":[]}', request=request), decode_as)
    tracemalloc.start()
    try:
        rows = len(getattr(decode(response, decode_as), name))
    except ServiceFault as fault:
        rows = fault.message
    print(json.dumps({"rows": rows, "peak": tracemalloc.get_traced_memory()[1], "body": len(content)}))
""")


def measure(row, count, model="collection"):
    command = [sys.executable, "-c", PROGRAM, json.dumps(row), str(count), model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    ratio = seen["peak"] / seen["body"]
    print(f"\n{count:,} rows, {seen['body'] / 2**20:.1f} MB: at most {ratio:.2f} times the body in memory")
    return seen["rows"], ratio


@pytest.mark.parametrize("model", ["collection", "wrapped"])
@pytest.mark.parametrize(
    "row", [{"id": "x" * 30, "name": 1}, {"n": None}, None, [], "text", {"id": 1}], ids=lambda row: json.dumps(row)[:20]
)
def test_half_a_million_bad_rows_cost_less_than_their_body(row, model):
    message, ratio = measure(row, 500_000, model)
    assert "does not have the form that the service documents" in message
    assert ratio < 1.0


def test_more_rows_than_anybody_reads_are_refused_before_they_fill_the_memory():
    message, _ = measure({"id": 1, "name": "a"}, 1_000_000)
    assert "200000 items" in message


@pytest.mark.parametrize("model", ["collection", "wrapped"])
def test_twenty_thousand_good_rows_are_read(model):
    rows, _ = measure({"id": 1, "name": "a"}, 20_000, model)
    assert rows == 20_000
