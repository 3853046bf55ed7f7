"""The story played over /api/v1: each officer's program has a token and reads JSON."""

import itertools
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from installation import Installation, eventually
from narrative import UBND, Attached, Do, Facts, InDays, Pick

from records.vocabulary import Authenticity

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(AssertionError):
    """The API answered with a problem."""


@dataclass(frozen=True)
class Caller:
    """An HTTP client that sends one officer's token."""

    house: Installation
    token: str = ""

    def __call__(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json"
    ) -> Any:
        headers = {"Accept": "application/json", "Accept-Language": "vi"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = body
        if body is not None:
            headers["Content-Type"] = kind
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        address = f"{self.house.url}/api/v1/{path}"
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with _DIRECT.open(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(f"{error.code} {method} {path}: {error.read().decode()}") from None

    def get(self, path: str) -> Any:
        return self("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self("POST", path, body)

    def upload(self, file: Attached) -> str:
        """Send a file's bytes; return the id by which a form names it."""
        mark = uuid.uuid4().hex
        head = f'Content-Disposition: form-data; name="file"; filename="{file.name}"'
        kind = "Content-Type: application/octet-stream"
        body = f"--{mark}\r\n{head}\r\n{kind}\r\n\r\n".encode() + file.content
        sent = body + f"\r\n--{mark}--\r\n".encode()
        form = f"multipart/form-data; boundary={mark}"
        return self("POST", "uploads", sent, kind=form)["id"]


class Programs:
    """The programs of all officers of the story."""

    def __init__(self, house: Installation) -> None:
        self.house = house
        self.callers: dict[tuple[str, str], Caller] = {}
        #: the name of each step that was met, by its diagram and its place there
        self.names: dict[tuple[str, str], str] = {}

    def caller(self, who: str, agency: str = "") -> Caller:
        """The program of an officer, in the position he holds in `agency`."""
        if (who, agency) not in self.callers:
            asked = {"username": who, "password": self.house.password}
            if agency:
                asked["position_id"] = self._position(asked, agency)
            token = Caller(self.house).post("tokens", asked)["access_token"]
            self.callers[who, agency] = Caller(self.house, token)
        return self.callers[who, agency]

    def _position(self, asked: Mapping[str, str], agency: str) -> str:
        """Who holds several positions is told which, and names one."""
        try:
            Caller(self.house).post("tokens", asked)
        except Refused as refusal:
            problem = json.loads(str(refusal).partition(": ")[2])
            assert problem["type"] == "urn:congvan:problem:position-unclear"
            return next(p["position_id"] for p in problem["positions"] if p["agency"] == agency)
        raise AssertionError(f"{asked['username']} holds one position only")

    # -- beginning

    def begin(self, who: str, subject: str) -> None:
        self.caller(who).post("outgoing-documents", {"subject": subject})

    def answer(self, who: str, answered: str, subject: str) -> None:
        caller = self.caller(who)
        document = self._find(caller, "incoming", answered)
        body = {"subject": subject, "in_reply_to": document["id"]}
        caller.post("outgoing-documents", body)

    # -- a step

    def do(self, deed: Do) -> None:
        caller = self.caller(deed.who)

        def waiting() -> dict | None:
            for item in caller.get("work-items?limit=100")["items"]:
                if (item["name"], item["document"]["subject"]) == (deed.step, deed.subject):
                    return item
            return None

        item = caller.get(f"work-items/{eventually(waiting, what=deed)['id']}")
        assert item["may_complete"]
        self.names[item["document"]["kind"], item["node"]] = item["name"]
        form = _Filled(caller, item)
        values = {**form.known(), **form.filled(deed.values)}
        body = {"version": item["version"], "values": values, "files": form.files}
        done = caller.post(f"work-items/{item['id']}/completion", body)
        assert done["status"] == "done"

    # -- looking

    def _find(self, caller: Caller, way: str, subject: str) -> dict:
        listed = caller.get(f"{way}-documents?limit=100")["items"]
        [found] = [one for one in listed if one["subject"] == subject]
        return found

    def see(self, who: str, subject: str, agency: str, codes: Sequence[str]) -> None:
        caller = self.caller(who)
        document = self._find(caller, "outgoing", subject)

        def seen() -> bool:
            listed = caller.get(f"outgoing-documents/{document['id']}/recipients")["items"]
            [mine] = [one for one in listed if one["name"] == agency]
            return sorted(status["code"] for status in mine["statuses"]) == list(codes)

        eventually(seen, what=(agency, codes))

    def facts(self, who: str, way: str, subject: str) -> Facts:
        caller = self.caller(who)
        found = caller.get(f"{way}-documents/{self._find(caller, way, subject)['id']}")
        verdict = found.get("authenticity")
        return Facts(
            reference=found["reference"],
            authenticity=Authenticity(verdict).vi if verdict else "",
            arrival_number=found.get("arrival_number"),
            handed_to=found.get("handed_to", ""),
        )

    def dossier(self, who: str, title: str) -> set[str]:
        caller = self.caller(who)
        [found] = [d for d in caller.get("dossiers?limit=100")["items"] if d["title"] == title]
        items = caller.get(f"dossiers/{found['id']}/items?limit=100")["items"]
        documents = [item for item in items if item["kind"] in {"incoming", "outgoing"}]
        addresses = [f"{item['kind']}-documents/{item['id']}" for item in documents]
        return {caller.get(address)["reference"] for address in addresses}

    def replay(self, agency: str, way: str, subject: str) -> list[str]:
        """Read a run event by event, each chained to the one before."""
        auditor = self.caller("thanhtra", agency)
        document = self._find(auditor, way, subject)
        [run] = auditor.get(f"process-instances?document={document['id']}")["items"]
        told = auditor.get(f"process-instances/{run['id']}/history")
        assert told["verification"]["holds"], told["verification"]
        assert told["instance"]["status"] == "completed"
        events = told["items"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        for before, after in itertools.pairwise(events):
            assert after["previous"] == before["hash"]
        return [self.names[way, event["node"]] for event in events if event["kind"] == "complete"]

    def journal_holds(self) -> bool:
        return self.caller("thanhtra", UBND).get("journal/verification")["holds"]


class _Filled:
    """The form of one step as a program fills it in."""

    def __init__(self, caller: Caller, item: Mapping[str, Any]) -> None:
        self.caller = caller
        self.item = item
        self.files: list[str] = []
        self.fields = {
            part.get("key") or part.get("path"): part
            for part in _parts(item["form_schema"]["components"])
            if part.get("key") or part["type"] == "dynamiclist"
        }

    def known(self) -> dict[str, Any]:
        """What the form knows already, as a page would send it back."""
        return {
            name: value
            for name, value in self.item["initial"].items()
            if name in self.fields and value not in (None, "", [])
        }

    def filled(self, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        return {name: self._value(name, value) for name, value in values.items()}

    def _value(self, name: str, value: Any) -> Any:
        match value:
            case [{}, *_]:
                return [self.filled(row) for row in value]
            case [*picked]:
                return [self._value(name, one) for one in picked]
            case Pick(words):
                labels = self.item["choices"][self.fields[name]["valuesKey"]]
                exact = [key for key, label in labels.items() if label == words]
                fitting = exact or [key for key, label in labels.items() if words in label]
                assert len(fitting) == 1, (words, labels)
                return fitting[0]
            case Attached():
                self.files.append(self.caller.upload(value))
                return self.files[-1:]
            case InDays():
                return value.date.isoformat()
        return value


def _parts(components: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [found for part in components for found in (part, *_parts(part.get("components", ())))]
