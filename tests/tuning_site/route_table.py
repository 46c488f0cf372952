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


@dataclass(frozen=True)
class Row:
    """What one method of one route answers to each role."""

    name: str
    method: str
    statuses: str
    args: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)


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

STUDY = {"study_id": "study.pk"}
TRIAL = {"study_id": "study.pk", "number": "trial.number"}
# A change in a project, which ends with a redirect to the page it came from.
EDITORS = "                                                        302  404  403  302  302  302  302  302"

TRIALS = [
    Row("trials:studies", "GET", LOGGED_IN),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("overview", "compare", "plan", "trials_table")),
    *(Row(f"trials:{name}", "GET", MEMBERS, STUDY) for name in ("curves_json", "best_json", "trials_csv")),
    Row("trials:compare_json", "GET", MEMBERS, STUDY),
    Row("trials:trial", "GET", MEMBERS, TRIAL),
    Row("trials:trial_series", "GET", MEMBERS, TRIAL),
    Row("trials:stop_study", "POST", EDITORS, STUDY),
    Row("trials:stop_trial", "POST", EDITORS, TRIAL),
    Row("trials:pin_trial", "POST", EDITORS, TRIAL),
    Row("trials:note_trial", "POST", EDITORS, TRIAL, {"note": "looked at"}),
]

ROWS: list[Row] = [*HEALTH, *ACCOUNTS, *TRIALS]
