"""Rules from plain data and back: what a plan says of one rule, the rules that are made of rules included."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pruning.rules import STRATEGIES
from pruning.rules.base import Rule
from pruning.rules.composition import Composition, Condition, Member
from pruning.rules.settings import PolicyError, Problem, plain, read, unknown

CONDITIONS = tuple(field.name for field in dataclasses.fields(Condition))


def read_rule(data: object, rules: Mapping[str, type[Rule]], path: str) -> Rule:
    """Make a rule from its name and settings; PolicyError names every problem by path, with the remedy."""
    if isinstance(data, str):
        data = {"rule": data}
    if not isinstance(data, Mapping) or "rule" not in data:
        message = f"{data!r} names no rule: write {{rule: {next(iter(rules))}, ...}}"
        raise PolicyError([Problem(path=path, message=message)])
    name = data["rule"]
    if not isinstance(name, str) or name not in rules:
        raise PolicyError([Problem(path=f"{path}.rule", message=unknown(str(name), rules, "rule"))])
    rule = rules[name]
    if data.get("version", rule.version) != rule.version:
        message = f"{data['version']!r} is not the version in use, {rule.version}: leave it out"
        raise PolicyError([Problem(path=f"{path}.version", message=message)])
    settings = {key: value for key, value in data.items() if key not in {"rule", "version"}}
    if issubclass(rule, Composition) and "of" in settings:
        settings["of"] = _read_members(settings["of"], f"{path}.of")
    return read(rule, settings, path)


def rule_data(rule: Rule) -> dict[str, object]:
    """Return a rule as plain data that `read_rule` reads, every default filled in."""
    settings = plain(rule)
    if isinstance(rule, Composition):
        settings["of"] = [_member_data(member) for member in rule.of]
    return {"rule": rule.name, "version": rule.version, **settings}


def _read_members(data: object, path: str) -> tuple[Member, ...]:
    """Read every member, so that one error names all problems."""
    if not isinstance(data, list | tuple):
        message = f"{data!r} is not a list of rules, such as [{{rule: asha}}, {{rule: percentile}}]"
        raise PolicyError([Problem(path=path, message=message)])
    members: list[Member] = []
    problems: list[Problem] = []
    for place, entry in enumerate(data):
        try:
            members.append(_read_member(entry, f"{path}[{place}]"))
        except PolicyError as error:
            problems.extend(error.problems)
    if problems:
        raise PolicyError(problems)
    return tuple(members)


def _read_member(data: object, path: str) -> Member:
    if not isinstance(data, Mapping):
        return Member(rule=read_rule(data, STRATEGIES, path))
    condition = read(Condition, {key: data[key] for key in CONDITIONS if key in data}, path)
    settings = {key: value for key, value in data.items() if key not in CONDITIONS}
    return Member(rule=read_rule(settings, STRATEGIES, path), **dataclasses.asdict(condition))


def _member_data(member: Member) -> dict[str, object]:
    return rule_data(member.rule) | {name: getattr(member, name) for name in CONDITIONS}
