"""The ledger is append-only, its chain is checked row by row, and an export can be checked without us."""

import json
import subprocess
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from pruning import checks, export, ledger, triggers, verifier, writing
from pruning.ledger import Entry, LedgerError
from pruning.models import LedgerHead, PruningEvent
from pruning.verify import ledgers, verify
from tests.pruning.studies import a_played_study, a_study, events, last_event
from trials.models import Study

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging")]
FLOORS = [1.0, 1.2, 1.4, 1.6, 3.0]


def tamper(sql: str, *params: int | None) -> None:
    """Change the database behind the triggers' back, as someone with the file in hand could."""
    triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
    triggers.install(connection)


def a_long_ledger(n_rows: int) -> Study:
    """Return a study whose ledger grew row by row to so many, as a study's does."""
    study = a_study()
    for n in range(2, n_rows + 1):
        ledger.append(study, Entry(kind="ended", sequence=n, sentence=f"{n}."))
    Study.objects.filter(pk=study.pk).update(sequence=n_rows)
    study.refresh_from_db()
    return study


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pruning_event SET verdict = 'KEEP'",
        "DELETE FROM pruning_event",
        "DELETE FROM pruning_event WHERE sequence = 1",
    ],
)
def test_the_database_refuses_to_change_a_row(statement: str) -> None:
    study = a_study()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert verify(study.uid).holds


@pytest.mark.skipif(connection.vendor != "sqlite", reason="INSERT OR REPLACE is SQLite's")
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_sqlite_refuses_to_replace_a_row(verb: str) -> None:
    row = events(a_study())[0]
    columns = [str(field.column) for field in PruningEvent._meta.concrete_fields]
    chosen = ", ".join("'KEEP'" if column == "verdict" else column for column in columns)
    names = ", ".join(columns)
    statement = f"{verb} INTO pruning_event ({names}) SELECT {chosen} FROM pruning_event WHERE id = %s"  # noqa: S608

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [row.pk])

    assert PruningEvent.objects.get(pk=row.pk).verdict == ""


@pytest.mark.skipif(connection.vendor != "postgresql", reason="TRUNCATE is PostgreSQL's")
def test_postgresql_refuses_to_truncate() -> None:
    a_study()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE pruning_event")

    assert PruningEvent.objects.exists()


def test_the_check_names_a_missing_trigger() -> None:
    assert checks.ledger_is_guarded(databases=["default"]) == []

    triggers.remove(connection)
    found = checks.ledger_is_guarded(databases=["default"])
    triggers.install(connection)

    assert {message.id for message in found} == {"pruning.E001"}
    assert checks.ledger_is_guarded(databases=["default"]) == []


def test_an_intact_ledger_says_how_many_rows_it_checked() -> None:
    study = a_played_study(FLOORS)

    finding = verify(study.uid)

    assert finding.holds
    assert finding.sentence() == f"a study: chain intact, {study.sequence} rows checked."


COPIES = [
    ("verdict", "'KEEP'"),
    ("sentence", "'Kept.'"),
    ("reason", "'other'"),
    ("motive", "'risk'"),
    ("step", "999"),
    ("trial_number", "77"),
    ("attempt_number", "9"),
    ("rule", "'percentile'"),
    ("rule_version", "9"),
    ("policy", "'0'"),
    ("kind", "'ended'"),
    ("at", "'2001-01-01 00:00:00'"),
    ("previous_hash", "'0'"),
    ("hash", "'0'"),
    ("trial_uid", "NULL"),
]


@pytest.mark.parametrize(("column", "value"), COPIES, ids=[column for column, _ in COPIES])
def test_a_changed_column_is_found_at_its_row(column: str, value: str) -> None:
    study = a_played_study(FLOORS)
    stopped = next(event for event in events(study) if event.verdict == "STOP")

    tamper(f"UPDATE pruning_event SET {column} = {value} WHERE id = %s", stopped.pk)  # noqa: S608

    finding = verify(study.uid)
    assert (finding.sequence, finding.n_rows) == (stopped.sequence, stopped.sequence - 1)


def test_a_changed_body_is_found_even_with_a_new_hash() -> None:
    study = a_played_study(FLOORS)
    rows = events(study)
    victim = next(event for event in rows if event.verdict == "STOP")
    forged = ledger.seal(
        study.uid,
        Entry(kind="verdict", sequence=victim.sequence, sentence="Kept.", verdict="KEEP"),
        victim.previous_hash,
        victim.at,
    )

    triggers.remove(connection)
    PruningEvent.objects.filter(pk=victim.pk).delete()
    forged.event().save()
    triggers.install(connection)

    assert verify(study.uid).sequence == victim.sequence + 1


def test_a_removed_row_is_found() -> None:
    study = a_played_study(FLOORS)

    tamper("DELETE FROM pruning_event WHERE sequence = 3")

    finding = verify(study.uid)
    assert finding.sequence == 4
    assert finding.problem == "entry 3 is missing"


def test_a_cut_off_end_is_found_at_the_head() -> None:
    study = a_played_study(FLOORS)

    tamper("DELETE FROM pruning_event WHERE sequence >= %s", study.sequence)

    finding = verify(study.uid)
    assert not finding.holds
    assert finding.problem == f"the study stands at entry {study.sequence}, its ledger at {study.sequence - 1}"


def test_an_end_cut_off_below_the_mark_of_its_head_is_found_though_the_study_was_set_back() -> None:
    study = a_long_ledger(70)

    tamper("DELETE FROM pruning_event WHERE sequence > 50")
    Study.objects.filter(pk=study.pk).update(sequence=50)

    assert verify(study.uid).problem == "its head names entry 64, the chain ends at 50"


def test_rows_sealed_anew_are_found_at_the_mark_of_the_head() -> None:
    study = a_long_ledger(40)
    kept = PruningEvent.objects.get(study_uid=study.uid, sequence=30)

    tamper("DELETE FROM pruning_event WHERE sequence > 30")
    previous = kept.hash
    for n in range(31, 41):
        forged = ledger.seal(study.uid, Entry(kind="ended", sequence=n, sentence="forged"), previous, kept.at)
        forged.event().save()
        previous = forged.hash

    finding = verify(study.uid)
    assert (finding.sequence, finding.problem) == (32, "it is not the row that the head of its chain names")


def test_the_head_is_marked_where_a_study_ends() -> None:
    study = a_study()

    ledger.append(study, Entry(kind="closed", sequence=2, sentence="."))

    assert LedgerHead.objects.get(study_uid=study.uid).sequence == 2


def test_a_row_beyond_where_the_study_stands_is_found() -> None:
    study = a_played_study(FLOORS)
    last = events(study)[-1]
    extra = ledger.seal(study.uid, Entry(kind="closed", sequence=last.sequence + 1, sentence="."), last.hash, last.at)

    extra.event().save()

    assert verify(study.uid).problem == f"there is an entry {extra.sequence} beyond the study's last at {last.sequence}"


def test_a_gap_in_the_numbers_is_refused() -> None:
    study = a_study()

    with pytest.raises(LedgerError, match="sequence: 5 does not follow 1"):
        ledger.append(study, Entry(kind="closed", sequence=5, sentence="."))

    assert len(events(study)) == 1


def test_a_process_that_remembers_an_older_end_appends_to_the_newest() -> None:
    study = a_study()
    first = writing.head_of(study.uid)
    assert first is not None
    ledger.append(study, Entry(kind="closed", sequence=2, sentence="2."))
    ledger._ends[study.uid] = first

    ledger.append(study, Entry(kind="closed", sequence=3, sentence="3."))
    Study.objects.filter(pk=study.pk).update(sequence=3)

    assert verify(study.uid).holds
    assert verify(study.uid).n_rows == 3


@pytest.mark.django_db(transaction=True)
def test_a_row_that_was_rolled_back_is_not_continued() -> None:
    study = a_study()
    with suppress(RuntimeError), transaction.atomic():
        ledger.append(study, Entry(kind="closed", sequence=2, sentence="rolled back"))
        raise RuntimeError
    first = events(study)[0]
    other = ledger.seal(study.uid, Entry(kind="ended", sequence=2, sentence="2."), first.hash, first.at)
    other.event().save()  # as another process does, of which this one hears nothing

    with transaction.atomic():
        ledger.append(study, Entry(kind="closed", sequence=3, sentence="3."))
    Study.objects.filter(pk=study.pk).update(sequence=3)

    assert verify(study.uid).holds


def test_many_rows_are_chained_in_one_go() -> None:
    study = a_study()

    ledger.append_many(study, [Entry(kind="closed", sequence=n, sentence=f"{n}.") for n in range(2, 300)])
    Study.objects.filter(pk=study.pk).update(sequence=299)

    assert verify(study.uid).n_rows == 299
    assert verify(study.uid).holds


def test_a_deleted_study_leaves_its_chain_and_a_tombstone() -> None:
    study = a_played_study(FLOORS)
    uid, n_rows = study.uid, study.sequence

    study.delete()

    finding = verify(uid)
    assert finding.holds
    assert finding.n_rows == n_rows + 1
    assert PruningEvent.objects.filter(study_uid=uid).latest("sequence").kind == "deleted"
    assert (uid, "a study") in ledgers()


def test_the_command_verifies_all_ledgers_and_counts_their_rows() -> None:
    first, second = a_played_study(FLOORS), a_study(name="another")
    out = StringIO()

    call_command("ledger", "verify", stdout=out)

    assert f"{first.sequence + second.sequence} rows checked in 2 ledgers." in out.getvalue()


@pytest.mark.parametrize("name", ["a study", "lab/a study", "1"])
def test_the_command_verifies_the_ledger_of_one_study(name: str) -> None:
    study = a_study()
    a_study(name="another")
    out = StringIO()

    call_command("ledger", "verify", str(study.pk) if name == "1" else name, stdout=out)

    assert "1 rows checked in 1 ledgers." in out.getvalue()


def test_the_command_says_that_there_are_none() -> None:
    out = StringIO()

    call_command("ledger", "verify", stdout=out)

    assert out.getvalue() == "There are no ledgers: 0 rows checked.\n"


def test_the_command_fails_and_names_the_bad_row() -> None:
    study = a_played_study(FLOORS)
    tamper("UPDATE pruning_event SET verdict = 'KEEP' WHERE sequence = 2 AND study_uid IS NOT NULL")
    out = StringIO()

    with pytest.raises(CommandError, match="1 of 1 ledgers do not hold"):
        call_command("ledger", "verify", study.name, stdout=out)

    assert "chain breaks at entry 2 after 1 intact rows" in out.getvalue()


def test_an_unknown_study_is_refused_with_those_known() -> None:
    a_study()

    with pytest.raises(CommandError, match="no ledger of a study 'nothing'; known: a study"):
        call_command("ledger", "verify", "nothing")


def test_an_export_is_checked_by_a_file_that_knows_nothing_of_us(tmp_path: Path) -> None:
    study = a_played_study(FLOORS)
    exported = tmp_path / "ledger.jsonl"
    exported.write_text("\n".join(export.lines(study.uid)) + "\n")

    done = subprocess.run(
        [sys.executable, "-I", verifier.__file__, str(exported)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert f"1 chains intact, {study.sequence} rows checked" in done.stdout


@pytest.mark.parametrize("change", ["body", "swap", "drop", "cut", "head", "garbage"])
def test_the_verifier_finds_what_was_changed_in_an_export(change: str) -> None:
    lines = list(export.lines(a_played_study(FLOORS).uid))
    if change == "body":
        row = json.loads(lines[3])
        lines[3] = json.dumps({**row, "body": row["body"].replace("ABSTAIN", "KEEP")})
    elif change == "swap":
        lines[3], lines[4] = lines[4], lines[3]
    elif change == "drop":
        del lines[3]
    elif change == "cut":
        del lines[-1]
    elif change == "head":
        del lines[-2]
    else:
        lines[3] = "[]"

    with pytest.raises(verifier.Broken):
        verifier.check(lines)


def test_names_are_stored_as_they_were() -> None:
    study = a_study(name="Größe — 𝛂 'quoted'")

    assert LedgerHead.objects.get(study_uid=study.uid).study_name == study.name
    assert study.name in last_event(study).sentence
    assert verify(study.uid).holds
