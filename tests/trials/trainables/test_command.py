"""`manage.py trainable`."""

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command


def test_list_names_what_is_registered(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("trainable", "list")

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["boosted_trees", "digits_cnn", "lora_lm"]
    assert "counts epochs; tunes learning_rate, width" in lines[1]


def test_check_says_that_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("trainable", "check", "digits_cnn", "--setting", "epochs=4")

    assert "digits_cnn: nothing wrong" in capsys.readouterr().out


def test_check_says_what_is_wrong(settings: LazySettings) -> None:
    settings.TRAINABLES = {"forgetful": {"class": "tests.trials.trainables.faulty.Forgetful"}}

    with pytest.raises(CommandError, match=r"forgetful: 1 wrong\nresume_differs: after resuming"):
        call_command("trainable", "check", "forgetful")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nobody"], "'nobody' is not registered", id="unknown name"),
        pytest.param(["digits_cnn", "--setting", "epochs=0"], "epochs: 0 is below 1", id="bad setting"),
        pytest.param(["digits_cnn", "--setting", "epochs"], "'epochs' has no `=`", id="no value"),
    ],
)
def test_check_refuses_bad_arguments(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("trainable", "check", *arguments)
