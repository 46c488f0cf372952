"""Who may open which page, and what a wrong address gets."""

from django.test import Client
from django.urls import reverse

from tests.factories import Played

STUDY_PAGES = (
    *("overview", "trials_table", "compare", "plan", "curves_json", "best_json", "compare_json", "trials_csv"),
    *("importance", "importance_json", "importance_csv", "relations_json", "relations_csv", "surface_json"),
    *("spread_json", "spread_csv", "front_json", "front_csv"),
)
TRIAL_PAGES = ("trial", "trial_series")
TRIAL_ACTIONS = ("stop_trial", "pin_trial", "note_trial")


def addresses(study_id: int) -> list[str]:
    pages = [reverse(f"trials:{name}", args=[study_id]) for name in STUDY_PAGES]
    return [*pages, *(reverse(f"trials:{name}", args=[study_id, 0]) for name in TRIAL_PAGES)]


def test_members_see_every_page_and_nobody_else_does(
    editor: Client, viewer: Client, outsider: Client, played: Played
) -> None:
    for url in addresses(played.study.pk):
        assert editor.get(url).status_code == 200, url
        assert viewer.get(url).status_code == 200, url
        assert outsider.get(url).status_code == 404, url
        assert Client().get(url).status_code == 302, url
        assert editor.post(url).status_code == 405, url


def test_an_outsider_finds_no_study(outsider: Client, played: Played) -> None:
    response = outsider.get("/")

    assert response.status_code == 200
    assert response.context["rows"] == []
    assert response.context["filters"][0].count == 0


def test_a_viewer_may_change_nothing(viewer: Client, outsider: Client, played: Played) -> None:
    number = played.running.trial.number
    urls = [reverse(f"trials:{name}", args=[played.study.pk, number]) for name in TRIAL_ACTIONS]

    for url in [*urls, reverse("trials:stop_study", args=[played.study.pk])]:
        assert viewer.post(url).status_code == 403, url
        assert outsider.post(url).status_code == 404, url
        assert viewer.get(url).status_code == 405, url
    played.running.trial.refresh_from_db()
    assert played.running.trial.halt_code == ""


def test_a_viewer_is_offered_nothing_to_press(viewer: Client, played: Played) -> None:
    response = viewer.get(reverse("trials:trial", args=[played.study.pk, played.running.trial.number]))

    assert [action.label for action in response.context["trial"].actions] == ["Add to compare"]
    assert list(response.context["head"].actions) == []


def test_a_trial_that_does_not_exist_is_404(editor: Client, played: Played) -> None:
    for number in ("9999", "2147483647", "9223372036854775808"):
        for name in ("", "curves.json"):
            assert editor.get(f"/studies/{played.study.pk}/trials/{number}/{name}").status_code == 404, number


ODD_QUERIES = (
    "sel=a,b,,-1,99999999999,3",
    "sort=nothing",
    "sort=-param.learning_rate",
    "sort=param.optimizer&after=0.5,3",
    "after=x,y",
    "after=nan,1",
    "before=,3",
    "after=1e999,2",
    "ending=%F0%9F%8C%B2,running",
    "q=%22",
    "step=99999999999999999999",
    "params=all&step=-1",
    "revision=77",
    "attempt=77",
    "state=nothing&before=x&project=none",
)


def test_no_query_breaks_a_page(editor: Client, played: Played) -> None:
    for path in ["/", *addresses(played.study.pk)]:
        for query in ODD_QUERIES:
            status = editor.get(f"{path}?{query}").status_code
            assert status == (400 if path.endswith("trials.csv") and query == "q=%22" else 200), (path, query)
