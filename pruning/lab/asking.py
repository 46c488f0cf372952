"""A wish for a backtest, read from plain data: the form of the page and the API ask through the same door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pruning.backtest import NAMED, Maker
from pruning.backtest.named import as_given
from pruning.lab import sources
from pruning.policy import Policy
from pruning.rules.settings import PolicyError, Problem, unknown
from trials.models import Project, Study
from trials.models.project import Person
from trials.plan import PlanError
from trials.plan.text import read_yaml
from trials.sanitise import clean_text

ORDERS, WORKERS = 10, 4
MOST_ORDERS, MOST_WORKERS, MOST_POLICIES, MOST_STUDIES = 50, 1_000, 16, 100
MOST_CELLS = 20_000
MOST_CHARACTERS = 60
FIELDS = ("project", "name", "studies", "curves", "policies", "against", "orders", "workers")


class Refused(ValueError):
    """A wish that cannot be played; every problem by the path of its field."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, problems)))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A policy under the name that tables show."""

    name: str
    mapping: Mapping[str, object] | None = None
    """Its canonical form; None for one that is known by its name."""

    def to_mapping(self) -> dict[str, object]:
        """Return it as a backtest keeps it."""
        return {"name": self.name, "mapping": self.mapping}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to be played, checked."""

    project: Project
    name: str
    studies: Sequence[Study]
    folders: Mapping[str, Sequence[str]]
    policies: Sequence[Chosen]
    against: str
    orders: int
    workers: int


def read(data: Mapping[str, object], user: Person) -> Asked:
    """Return the wish; Refused names everything that is wrong with it.

    data: `project` (slug), `name`, `studies` (ids), `curves` ({folder: [family, ...]}, an empty list for all),
    `policies` (names, `{"version": id}` or `{"name": ..., "policy": YAML or data}`), `against`, `orders`, `workers`.
    """
    reader = _Reader(data, user)
    asked = reader.asked()
    if reader.problems or asked is None:
        raise Refused(reader.problems)
    return asked


def makers_of(policies: Sequence[Mapping[str, object]]) -> dict[str, Maker]:
    """Return the makers of policies as a backtest keeps them, by name."""
    return {
        str(one["name"]): NAMED[str(one["name"])]
        if one["mapping"] is None
        else as_given(Policy.from_mapping(one["mapping"]))
        for one in policies
    }


class _Reader:
    """Reads field by field and gathers what is wrong."""

    def __init__(self, data: Mapping[str, object], user: Person) -> None:
        self.data = data
        self.user = user
        self.problems: list[Problem] = []

    def asked(self) -> Asked | None:
        for name in self.data:
            if name not in FIELDS:
                self.refuse(name, unknown(name, FIELDS, "field"))
        project = self._project()
        studies, folders = self._studies(), self._folders()
        if not studies and not folders and not self.problems:
            self.refuse("studies", "nothing to play on: choose a finished study or recorded curves")
        policies = self._policies()
        orders = self._whole("orders", ORDERS, MOST_ORDERS)
        workers = self._whole("workers", WORKERS, MOST_WORKERS)
        if self.problems or project is None:
            return None
        self._refuse_too_much(studies, folders, len(policies), orders)
        return Asked(
            project=project,
            name=clean_text(self._text("name").strip())[:200],
            studies=studies,
            folders=folders,
            policies=policies,
            against=self._against(policies),
            orders=orders,
            workers=workers,
        )

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(Problem(path=path, message=message))

    def _project(self) -> Project | None:
        slug = self._text("project")
        project = Project.objects.editable_by(self.user).filter(slug=slug).first() if slug else None
        if project is None:
            self.refuse("project", f"{slug!r} is no project in which you may start something: ask to be made an editor")
        return project

    def _studies(self) -> list[Study]:
        given = self.data.get("studies") or []
        if not isinstance(given, list) or not all(_is_key(one) for one in given):
            self.refuse("studies", "not a list of the ids of studies")
            return []
        if len(set(given)) > MOST_STUDIES:
            self.refuse("studies", f"{len(set(given))} studies; at most {MOST_STUDIES} are played at a time")
            return []
        found = {study.pk: study for study in Study.objects.visible_to(self.user).filter(pk__in=given)}
        for key in dict.fromkeys(given):
            if key not in found:
                self.refuse("studies", f"there is no study {key} that you may see")
            elif found[key].state != Study.State.ENDED:
                self.refuse("studies", f"{found[key].name} has not ended: wait for it, or stop it")
            elif not found[key].n_complete:
                remedy = "nobody knows how a trial ends: let some trials run to their end"
                self.refuse("studies", f"{found[key].name} has no complete curve, so {remedy}")
        return [found[key] for key in dict.fromkeys(given) if key in found]

    def _folders(self) -> dict[str, list[str]]:
        given = self.data.get("curves") or {}
        if not isinstance(given, Mapping):
            self.refuse("curves", "not a mapping of folders to lists of families")
            return {}
        known = {one.name: one for one in sources.registered()}
        chosen: dict[str, list[str]] = {}
        for name, families in given.items():
            if name not in known:
                self.refuse(
                    f"curves.{name}", unknown(str(name), known, "folder") if known else "no folder is registered"
                )
            elif known[name].problem:
                self.refuse(f"curves.{name}", known[name].problem)
            elif not isinstance(families, list):
                self.refuse(f"curves.{name}", "not a list of families; leave it empty for all")
            else:
                for family in families:
                    if family not in known[name].families:
                        self.refuse(f"curves.{name}", unknown(str(family), known[name].families, "family"))
                chosen[name] = sorted({str(family) for family in families})
        return chosen

    def _policies(self) -> list[Chosen]:
        given = self.data.get("policies") or []
        if not isinstance(given, list) or not given:
            self.refuse("policies", f"none chosen: name at least one of {', '.join(NAMED)}")
            return []
        if len(given) > MOST_POLICIES:
            self.refuse("policies", f"{len(given)} policies; at most {MOST_POLICIES} are played at a time")
            return []
        chosen = [
            one for place, item in enumerate(given) if (one := self._policy(f"policies[{place}]", item)) is not None
        ]
        names = [one.name for one in chosen]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self.refuse("policies", f"{name!r} is named twice: names tell the policies apart")
        return chosen

    def _policy(self, path: str, item: object) -> Chosen | None:
        if isinstance(item, str):
            if item in NAMED:
                return Chosen(name=item)
            self.refuse(path, unknown(item, NAMED, "policy"))
        elif isinstance(item, Mapping) and item.keys() == {"version"}:
            return self._version(path, item["version"])
        elif isinstance(item, Mapping) and item.keys() <= {"name", "policy"} and "policy" in item:
            return self._given(path, item.get("name") or "pasted", item["policy"])
        else:
            self.refuse(path, 'not a name, {"version": id} or {"name": ..., "policy": ...}')
        return None

    def _version(self, path: str, key: object) -> Chosen | None:
        version = next((one for one in sources.versions_for(self.user) if one.pk == key), None)
        if version is None:
            self.refuse(f"{path}.version", f"there is no stored policy {key!r} that you may see")
            return None
        return Chosen(name=sources.version_name(version), mapping=version.mapping)

    def _given(self, path: str, name: object, policy: object) -> Chosen | None:
        if not isinstance(name, str) or not name.strip() or len(name.strip()) > MOST_CHARACTERS:
            self.refuse(f"{path}.name", f"give a name of up to {MOST_CHARACTERS} characters")
            return None
        try:
            data = read_yaml(policy).data if isinstance(policy, str) else policy
            if isinstance(data, Mapping) and "policy" in data:
                data = data["policy"]  # a plan: its policy is what is meant
            if data is None or data == {}:
                self.refuse(f"{path}.policy", "empty: paste a policy, or the plan that holds it")
                return None
            return Chosen(name=clean_text(name.strip()), mapping=Policy.from_mapping(data).to_mapping())
        except PlanError as error:
            for problem in error.problems:
                self.refuse(
                    f"{path}.policy", f"{'' if problem.line is None else f'line {problem.line}: '}{problem.message}"
                )
        except PolicyError as error:
            self.problems += [
                Problem(path=f"{path}.{problem.path}", message=problem.message) for problem in error.problems
            ]
        return None

    def _against(self, policies: Sequence[Chosen]) -> str:
        names = [one.name for one in policies]
        wanted = self._text("against") or names[0]
        if wanted not in names:
            self.refuse("against", f"{wanted!r} is none of the policies played: {', '.join(names)}")
        return wanted

    def _refuse_too_much(
        self, studies: Sequence[Study], folders: Mapping[str, list[str]], policies: int, orders: int
    ) -> None:
        known = {one.name: one.families for one in sources.registered()}
        tasks = len(studies) + sum(
            known[name][family] for name, families in folders.items() for family in families or known[name]
        )
        runs = tasks * policies * orders
        if runs > MOST_CELLS:
            remedy = "take fewer orders, or `manage.py backtest`, which has no such limit"
            told = f"{tasks} studies, {policies} policies and {orders} orders are {runs:,} runs"
            self.refuse("orders", f"{told}; at most {MOST_CELLS:,} are played at a time: {remedy}")

    def _whole(self, name: str, usual: int, most: int) -> int:
        value = self.data.get(name, usual)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            self.refuse(name, f"{value!r} is not a whole number from 1 to {most}")
            return usual
        return value

    def _text(self, name: str) -> str:
        value = self.data.get(name) or ""
        if not isinstance(value, str) or len(value) > 200:
            self.refuse(name, "not a text of at most 200 characters")
            return ""
        return value


def _is_key(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
