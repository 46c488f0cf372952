"""The part of a plan that a person changes in mid-study, as text: what stops a trial, and what ends the study."""

from __future__ import annotations

from dataclasses import asdict, replace

import yaml

from trials.plan.checking import check_budget, check_policy
from trials.plan.fields import Problems, Section
from trials.plan.model import Plan, PlanError, Problem
from trials.plan.reading import read_budget, read_policy
from trials.plan.text import read_yaml
from trials.seam import reviewer

PARTS = ("policy", "budget")


def text_of(plan: Plan) -> str:
    """Return the policy and the budget of a plan as YAML that `revised` reads."""
    policy = reviewer().describe(plan)["name"] if plan.policy is None else plan.policy
    budget = {name: value for name, value in asdict(plan.budget).items() if value is not None}
    parts = {"policy": policy, "budget": budget}
    return yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def revised(plan: Plan, text: str) -> Plan:
    """Return the plan with the policy and the budget that a text gives it.

    Raises `PlanError` with every problem, each with its line in the text, the field's path and a remedy.
    """
    document = read_yaml(text)
    if not isinstance(document.data, dict) or not document.data:
        raise PlanError([Problem(path="plan", message="nothing to read; write `policy:` and `budget:`")])
    problems = Problems(document)
    root = Section("", document.data, problems)
    root.only(PARTS)
    root.require("policy", "write what may stop a trial, or a preset such as `policy: balanced`")
    budget = read_budget(root)
    changed = replace(plan, policy=read_policy(root), budget=budget or plan.budget)
    check_budget(changed, changed.budget, problems)
    check_policy(changed, problems)
    problems.raise_any()
    return changed
