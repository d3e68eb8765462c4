"""Record the answers of a model, and play them back over the wire through the real client and the agent.

The recorded answers of this package come from a local OpenAI-compatible server that plays a script. They prove the wire
and nothing about a model.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import vcr  # type: ignore[import-untyped]
import yaml
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]
from vcr.request import Request  # type: ignore[import-untyped]

from azure_devops_agents.models.providers import open_model
from azure_devops_evals.case import Case
from azure_devops_evals.live.openai_server import OpenAIServer, scripted
from azure_devops_evals.running.leak_scan import Unclean, findings
from azure_devops_evals.running.play import CASSETTES, open_environment, open_world
from azure_devops_evals.running.recorder import NotRecorded
from azure_devops_evals.running.run import Result, expected_checks, play_and_judge
from azure_devops_evals.scoring.trials import checks_for_any_solution
from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.values import timestamp

_NOWHERE = "http://model.invalid/v1"
_ASKED = "/chat/completions"
_SCRIPTED = "scripted"


@dataclass(frozen=True)
class Origin:
    """The origin of a cassette.

    Attributes:
        binding: The digest of prompt, tools and model. With another digest, the answers belong to another agent.
        model: The name of the model; `scripted` for the local server, which has no model.
        recorded: The time of the recording, in ISO 8601 and UTC.
    """

    binding: str
    model: str
    recorded: str


def binding_of(body: Mapping[str, Any]) -> str:
    """Return the digest of prompt, tools and model of a request."""
    system = [message["content"] for message in body["messages"] if message["role"] in {"system", "developer"}]
    parts = json.dumps([body["model"], system, body.get("tools")], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


@dataclass
class _Cassette:
    """A cassette with its origin, in the form of a serializer of vcrpy.

    Attributes:
        model: The model whose answers are recorded.
        recorded: The time of the recording.
        seen: The binding of each request to the model.
    """

    model: str
    recorded: str
    seen: list[str] = field(default_factory=list)

    def serialize(self, cassette: Mapping[str, Any]) -> str:
        """Return a cassette as text."""
        origin = asdict(Origin(self.seen[0], self.model, self.recorded))
        return yaml.safe_dump({"origin": origin, **cassette}, sort_keys=False, allow_unicode=True, width=120)

    def deserialize(self, text: str) -> dict[str, Any]:
        """Read a cassette from its text."""
        return {name: value for name, value in yaml.safe_load(text).items() if name != "origin"}

    def request(self, request: Request) -> Request | None:
        """Return a request to the model without address, key and traces of the machine; None for other requests."""
        if not request.path.endswith(_ASKED):
            return None
        self.seen.append(binding_of(json.loads(request.body)))
        return Request(request.method, _NOWHERE + _ASKED, request.body, {"content-type": "application/json"})

    @staticmethod
    def response(response: dict[str, Any]) -> dict[str, Any]:
        """Return an answer without headers about the provider's account or the time."""
        kept = {name: value for name, value in response["headers"].items() if name.lower() == "content-type"}
        return {**response, "headers": kept}

    @contextmanager
    def insert(self, path: Path, mode: str) -> Iterator[None]:
        """Record or play back all requests to a model inside the block."""
        recorder = vcr.VCR(
            match_on=["method", "uri", "body"],
            record_mode=mode,
            before_record_request=self.request,
            before_record_response=self.response,
            decode_compressed_response=True,
        )
        recorder.register_serializer("tape", self)
        with recorder.use_cassette(str(path), serializer="tape"):
            yield


def record_cassette(case: Case, folder: Path = CASSETTES, model: str | None = None) -> Path:
    """Record what a model answers to the question of a case.

    Args:
        case: The case.
        folder: The folder of the cassettes.
        model: The model, such as `openai:gpt-5`; None for a local server that plays the reference solution.

    Raises:
        NotRecorded: The answers do not pass.
        Unclean: The cassette holds what must not be committed; it is not kept.
    """
    path = folder / f"{case.id}.yaml"
    made = path.with_suffix(".new")
    made.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    now = timestamp(SEED_NOW if model is None else datetime.now(UTC).replace(microsecond=0))
    tape = _Cassette((model or _SCRIPTED).removeprefix("openai:"), now)
    server = OpenAIServer(scripted({case.asked: case.steps})) if model is None else nullcontext()
    try:
        with server as local, tape.insert(made, "once"):
            player = open_model(model) if local is None else _client(local.base_url, tape.model)
            result = _judge(case, player, tape.model)
        if result.status != "pass":
            raise NotRecorded(f"{case.id} does not pass and was not recorded: {'; '.join(result.reasons)}")
        if found := list(findings(made.read_text(encoding="utf-8"))):
            raise Unclean(f"{case.id} was not recorded, it holds {'; '.join(found[:5])}.")
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    return path


def run_cassette(case: Case, folder: Path = CASSETTES) -> Result:
    """Play a case with recorded answers of a model. The result is `stale` when they belong to another agent."""
    path = folder / f"{case.id}.yaml"
    again = f"Record it again: azure-devops-evals wire --record --case {case.id}"
    if not path.exists():
        return Result(case.id, case.area, "stale", (f"No answers were recorded. {again}",))
    tape = _Cassette("", "")
    origin = Origin(**yaml.safe_load(path.read_text(encoding="utf-8"))["origin"])
    with tape.insert(path, "none"):
        player = _client(_NOWHERE, origin.model)
        result = _judge(case, player, origin.model)
    if any(seen != origin.binding for seen in tape.seen):
        return _stale(result, f"Prompt, tools or model are not those it was recorded with. {again}")
    if any(CannotOverwriteExistingCassetteException.__name__ in reason for reason in (*result.reasons, result.trace)):
        return _stale(result, f"The conversation is not the one it was recorded in: tools answer otherwise. {again}")
    return result


def recorded_cases(folder: Path = CASSETTES) -> list[str]:
    """Return the ids of the cases that have recorded answers of a model."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _stale(result: Result, reason: str) -> Result:
    return replace(result, status="stale", reasons=(reason,), trace="", counts={})


def _client(base_url: str, model: str) -> BaseChatModel:
    return ChatOpenAI(model=model, base_url=base_url, api_key=SecretStr("none"), max_retries=0)


def _judge(case: Case, player: BaseChatModel, model: str) -> Result:
    """Judge a script on its recording; judge a model, which may call other tools, in a world as in a live trial."""
    if model == _SCRIPTED:
        return play_and_judge(case, lambda: open_environment(case), player, expected_checks(case))
    return play_and_judge(case, lambda: open_world(case), player, checks_for_any_solution(case))
