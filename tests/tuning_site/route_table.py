"""Who is answered what, for every route and method of the site.

A row is: name of the route, method, the status for each role in the order of `ROLES`, and where the route needs them
its arguments (attribute paths on the `World`) and a body. A method without a row must work for nobody.

    anonymous  nobody is logged in
    outsider   logged in, not a member of the project
    viewer, editor, owner   members of the project
    report, write, admin    a program with a token of the editor, of that scope; to pages it is as anonymous

Statuses that recur: 302 without a login; 404 to whoever may not see the object; 403 to whoever may see but not do it.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """What one method of one route answers to each role."""

    name: str
    method: str
    statuses: str
    args: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


#                                                                  anon out view edit own  rep  wri  adm
OPEN = "                                                           200  200  200  200  200  200  200  200"
LOGGED_IN = "                                                      302  200  200  200  200  302  302  302"
# A page or a change of something in a project.
MEMBERS = "                                                        302  404  200  200  200  302  302  302"

HEALTH = [
    Row("health:healthz", "GET", OPEN),
    Row("health:readyz", "GET", OPEN),
]

ACCOUNTS = [
    Row("accounts:login", "GET", "                                 200  302  302  302  302  200  200  200"),
    Row("accounts:login", "POST", "                                200  302  302  302  302  200  200  200"),
    Row("accounts:logout", "POST", "                               302  302  302  302  302  302  302  302"),
    Row("accounts:tokens", "GET", LOGGED_IN),
    Row(
        "accounts:tokens",
        "POST",
        "                                                          302  201  201  201  201  302  302  302",
        body={"name": "gpu box", "scope": "report", "lifetime": "30"},
    ),
    Row(
        "accounts:token-revoke",
        "POST",
        # The token is the editor's own: to everybody else, the project's owner too, it does not exist.
        "                                                          302  404  404  302  404  302  302  302",
        args={"pk": "own_token.pk"},
    ),
]

PROJECT_OWNERS = "                                                 302  404  403  403  302  302  302  302"
# Only editors of some project launch; whoever sees a project owns it to change its members.
LAUNCHERS = "                                                      302  403  403  200  200  302  302  302"
# Without studies named there is nothing to read.
NOBODY = "                                                         302  404  404  404  404  302  302  302"
PROJECT = {"project_id": "project.pk"}
STUDY = {"study_id": "study.pk"}
TRIAL = {"study_id": "study.pk", "number": "trial.number"}
# What an owner alone may do: to everybody else it does not exist.
OWNERS = "                                                         302  404  404  404  302  302  302  302"
# A change in a project, which ends with a redirect to the page it came from.
EDITORS = "                                                        302  404  403  302  302  302  302  302"

REVISED = {"text": "policy: fast\nbudget: {trials: 7}\n", "reason": "It may be quicker."}

TRIALS = [
    Row("trials:studies", "GET", LOGGED_IN),
    Row("trials:alerts", "GET", LOGGED_IN),
    Row("trials:alert_log", "GET", LOGGED_IN),
    # Somebody's own: what is missing in the form is told to whoever is logged in.
    Row("trials:alerts", "POST", "                                 302  400  400  400  400  302  302  302"),
    *(Row(f"trials:{name}_alert", "POST", OWNERS, {"pk": "alert.pk"}) for name in ("test", "switch", "delete")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("overview", "compare", "plan", "trials_table")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("curves_json", "best_json", "trials_csv")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("curves", "curves_view_json", "curves_table")),
    Row("trials:trials_parquet", "GET", MEMBERS, STUDY),
    Row("trials:trial_cuts_json", "GET", MEMBERS, TRIAL),
    Row("trials:compare_json", "GET", MEMBERS, STUDY),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("resources", "timeline_json", "over_time_json")),
    Row("trials:attempts_csv", "GET", MEMBERS, STUDY),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("importance", "importance_json", "importance_csv")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("relations_json", "relations_csv", "surface_json")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("spread_json", "spread_csv")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("front_json", "front_csv")),
    Row("trials:compute_importance", "POST", EDITORS, STUDY),
    Row("trials:trial", "GET", MEMBERS, TRIAL),
    Row("trials:trial_series", "GET", MEMBERS, TRIAL),
    Row("trials:stop_study", "POST", EDITORS, STUDY),
    Row("trials:archive_study", "POST", EDITORS, STUDY),
    Row("trials:tag_study", "POST", EDITORS, STUDY, {"tags": "baseline"}),
    Row("trials:new_study", "GET", LAUNCHERS),
    Row("trials:new_study", "POST", LAUNCHERS, body={"project": "lab", "go": "check"}),
    Row("trials:ask_gate", "POST", LAUNCHERS, body={"project": "lab"}),
    Row("trials:compare_studies", "GET", LOGGED_IN),
    Row("trials:compare_studies_json", "GET", NOBODY),
    Row("trials:projects", "GET", LOGGED_IN),
    Row("trials:projects", "POST", "                               302  403  403  403  403  302  302  302"),
    Row("trials:project", "GET", MEMBERS, PROJECT),
    Row("trials:set_member", "POST", PROJECT_OWNERS, PROJECT, {"user": "outsider", "role": "viewer"}),
    Row("trials:remove_member", "POST", PROJECT_OWNERS, {**PROJECT, "user_id": "viewer.pk"}),
    Row("trials:amend_plan", "POST", EDITORS, STUDY, REVISED),
    Row("trials:stop_trial", "POST", EDITORS, TRIAL),
    Row("trials:resume_trial", "POST", EDITORS, TRIAL),
    Row("trials:pin_trial", "POST", EDITORS, TRIAL),
    Row("trials:note_trial", "POST", EDITORS, TRIAL, {"note": "looked at"}),
    Row("trials:tag_trial", "POST", EDITORS, TRIAL, {"tags": "baseline"}),
    Row("trials:continue_trial", "POST", EDITORS, TRIAL),
    Row("trials:clone_trial", "POST", EDITORS, TRIAL),
    Row(
        "trials:bulk",
        "GET",
        "                                    302  404  403  200  200  302  302  302",
        STUDY,
        {"action": "stop"},
    ),
    Row("trials:bulk", "POST", EDITORS, STUDY, {"action": "stop", "numbers": "0"}),
    Row("trials:complete_query", "GET", MEMBERS, STUDY),
    # Selecting and saving a view change nothing about a study: whoever may read it may.
    Row("trials:select", "POST", MEMBERS, STUDY, {"add": "0"}),
    Row(
        "trials:views",
        "POST",
        "                                  302  404  302  302  302  302  302  302",
        STUDY,
        {"page": "trials", "action": "save", "name": "mine"},
    ),
]

EVENT = {"study_id": "study.pk", "sequence": "event.sequence"}

PRUNING = [
    Row("pruning:audit", "GET", MEMBERS, STUDY),
    *(
        Row(f"pruning:{name}", "GET", MEMBERS, STUDY)
        for name in ("halted", "halted_json", "halted_grid_json", "study_report")
    ),
    *(Row(f"pruning:{name}", "GET", MEMBERS, STUDY) for name in ("audit_jsonl", "audit_csv", "report")),
    Row("pruning:event", "GET", MEMBERS, EVENT),
    Row("pruning:event_json", "GET", MEMBERS, EVENT),
]

BACKTEST = {"backtest_id": "backtest.pk"}
ORDER = {"study": "0", "order": "0", "trial": "10"}
# Where somebody starts something in a project that the form names: without any role as an editor there is no form.
STARTERS = "                                                       302  403  403  200  200  302  302  302"
LAB = [
    Row("pruning:lab", "GET", LOGGED_IN),
    Row("pruning:backtest_new", "GET", STARTERS),
    Row("pruning:backtest_new", "POST", "                      302  403  403  422  422  302  302  302"),
    Row("pruning:backtest", "GET", MEMBERS, BACKTEST),
    Row("pruning:backtest_go_on", "POST", EDITORS, BACKTEST),
    Row("pruning:backtest_rename", "POST", EDITORS, BACKTEST, {"name": "first look"}),
    Row("pruning:backtest_delete", "POST", EDITORS, BACKTEST),
    Row("pruning:backtest_frontier_json", "GET", MEMBERS, BACKTEST),
    Row("pruning:backtest_trial_json", "GET", MEMBERS, BACKTEST, ORDER),
    Row("pruning:backtest_json", "GET", MEMBERS, BACKTEST),
]

LIBRARY = [
    Row("pruning:policies", "GET", LOGGED_IN),
    Row("pruning:policy", "GET", MEMBERS, {"key": "version_key"}),
    Row("pruning:card", "GET", MEMBERS, {"study_id": "card.study_id"}),
    Row("pruning:starter_card", "GET", LOGGED_IN, {"name": "starter_name"}),
]

ONE = {"pk": "study.pk"}
ATTEMPT = {"pk": "attempt.pk"}
# Programs: 401 without a session or a token; reading needs any scope, the changes below `write` unless told.
API_ANYBODY = "                                                    401  200  200  200  200  200  200  200"
API_MEMBERS = "                                                    401  404  200  200  200  200  200  200"
API_EDITORS = "                                                    401  404  403  200  200  403  200  200"
API_GONE = "                                                       401  404  403  204  204  403  204  204"
# The trial of the world still runs: there is nothing to go on with yet.
API_ENDED = "                                                      401  404  403  409  409  403  409  409"
API_CREATED = "                                                    401  404  403  201  201  403  201  201"
API_REPORTS = "                                                    401  404  403  200  200  200  200  200"
API_FORECASTS = "                                                  401  404  403  200  200  403  200  200"
# An attempt is its claimer's: to the project's other members it does not exist.
API_CLAIMER = "                                                    401  404  404  200  404  200  200  200"
PLAN: dict[str, Any] = {
    "name": "another study",
    "objectives": [{"metric": "loss", "direction": "minimize"}],
    "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
    "budget": {"trials": 3},
    "horizon": 10,
}
WISH: dict[str, Any] = {"project": "lab", "curves": {"toys": []}, "policies": ["asha", "full"], "orders": 1}
BATCH: dict[str, Any] = {"batch": 1, "points": [{"step": 1, "metrics": {"loss": 0.5}}]}
AMENDMENT: dict[str, Any] = {"plan": {**PLAN, "name": "a study", "budget": {"trials": 5}}, "reason": "more trials"}

API = [
    Row("api:schema", "GET", API_ANYBODY),
    Row("api:projects", "GET", API_ANYBODY),
    Row("api:studies", "GET", API_ANYBODY),
    Row("api:studies", "POST", API_CREATED, body={"project": "lab", "plan": PLAN}),
    Row("api:forecast", "POST", API_FORECASTS, body={"project": "lab", "plan": PLAN}),
    Row("api:study", "GET", API_MEMBERS, ONE),
    Row("api:study-revisions", "GET", API_MEMBERS, ONE),
    Row("api:study-amend", "POST", API_EDITORS, ONE, AMENDMENT),
    Row("api:study-stop", "POST", API_EDITORS, ONE, {"reason": "enough"}),
    Row("api:study-archive", "POST", API_EDITORS, ONE, {"archived": True}),
    Row("api:study-clone", "GET", API_MEMBERS, ONE),
    Row("api:study-clone", "POST", API_CREATED, ONE),
    Row("api:study-tags", "POST", API_EDITORS, ONE, {"tags": ["baseline"]}),
    Row("api:study-enqueue", "POST", API_CREATED, ONE, {"params": {"x": 0.5}}),
    Row("api:study-claim", "POST", API_REPORTS, ONE),
    Row("api:trials", "GET", API_MEMBERS, STUDY),
    Row("api:trials-bulk", "POST", API_EDITORS, STUDY, {"action": "pin", "query": "number >= 0"}),
    Row("api:trial", "GET", API_MEMBERS, TRIAL),
    Row("api:trial-series", "GET", API_MEMBERS, TRIAL),
    Row("api:trial-stop", "POST", API_EDITORS, TRIAL, {"reason": "hopeless"}),
    Row("api:trial-resume", "POST", API_EDITORS, TRIAL, {"reason": "a hunch"}),
    Row("api:trial-continue", "POST", API_ENDED, TRIAL),
    Row("api:trial-pin", "POST", API_EDITORS, TRIAL, {"pinned": True, "reason": "the baseline"}),
    Row("api:trial-note", "POST", API_EDITORS, TRIAL, {"note": "looked at"}),
    Row("api:trial-tags", "POST", API_EDITORS, TRIAL, {"tags": ["baseline"]}),
    Row("pruning_api:policies", "GET", API_ANYBODY),
    Row("pruning_api:policy", "GET", API_MEMBERS, {"key": "version_key"}),
    Row("pruning_api:cards", "GET", API_ANYBODY),
    Row("pruning_api:starter", "GET", API_ANYBODY),
    Row("pruning_api:card", "GET", API_MEMBERS, {"pk": "card.study_id"}),
    Row("pruning_api:backtests", "GET", API_ANYBODY),
    Row("pruning_api:backtests", "POST", API_CREATED, body=WISH),
    Row("pruning_api:backtest", "GET", API_MEMBERS, {"pk": "backtest.pk"}),
    Row("pruning_api:backtest", "PATCH", API_EDITORS, {"pk": "backtest.pk"}, {"name": "first look"}),
    Row("pruning_api:backtest", "DELETE", API_GONE, {"pk": "backtest.pk"}),
    Row("api:attempt", "GET", API_CLAIMER, ATTEMPT),
    Row("api:attempt-report", "POST", API_CLAIMER, ATTEMPT, BATCH),
    Row("api:attempt-beat", "POST", API_CLAIMER, ATTEMPT),
    Row("api:attempt-tell", "POST", API_CLAIMER, ATTEMPT, {"state": "complete", "value": 0.5}),
]

ROWS: list[Row] = [*HEALTH, *ACCOUNTS, *TRIALS, *PRUNING, *LAB, *LIBRARY, *API]
