"""The authentication string of a data folder, and who may read what the service keeps there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.service import access
from flows.service.service import AUTH_VARIABLES, OPEN, Service
from flows.settings import PrefectSettings, Settings
from warehouse.errors import HomeUnusable


@pytest.fixture(autouse=True)
def _usual_mask() -> Iterator[None]:
    """New files are readable by all, as on most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


def service(home: Path, no_auth: bool = False, **own: str) -> Service:
    return Service(Settings(home_folder=home), 4200, PrefectSettings(**own), no_auth)


# The string


def test_the_string_is_made_once_and_nobody_else_can_read_it(home: Path) -> None:
    access.close(home)
    text = access.make(home)
    user, _, password = text.partition(":")
    assert user == "rallyscope"
    assert len(password) == 32
    assert mode(home / "prefect" / "auth") == "0600"
    assert access.make(home) == access.kept(home) == text


def test_each_home_has_its_own(home: Path, tmp_path: Path) -> None:
    for folder in (home, tmp_path / "other"):
        access.close(folder)
        access.make(folder)
    assert access.kept(home) != access.kept(tmp_path / "other")


@pytest.mark.parametrize("damage", [b"", b"\n", b"a word", b"user:", b":password", b"a:b\nc:d", b"\xff\xfe:x",
                                    "ü:ö".encode()])
def test_a_damaged_one_is_made_again(home: Path, damage: bytes) -> None:
    access.close(home)
    (home / "prefect" / "auth").write_bytes(damage)
    assert access.kept(home) is None
    assert access.make(home).startswith("rallyscope:")


def test_one_that_others_could_read_is_made_again(home: Path) -> None:
    access.close(home)
    before = access.make(home)
    access.close(home)
    assert access.make(home) == before
    (home / "prefect" / "auth").chmod(0o644)
    access.close(home)
    assert access.make(home) != before


def test_a_folder_in_its_place_is_said_in_a_sentence(home: Path) -> None:
    (home / "prefect" / "auth").mkdir(parents=True)
    with pytest.raises(HomeUnusable, match="Is a directory"):
        access.make(home)


def test_the_users_own_wins(home: Path) -> None:
    access.close(home)
    access.make(home)
    own = service(home, auth="me:mine")
    assert own.auth == "me:mine"
    assert {own.environment()[name] for name in AUTH_VARIABLES} == {"me:mine"}
    assert "the value of PREFECT_SERVER_API_AUTH_STRING" in own.description(show_secret=True)
    assert "me:mine" not in own.description(show_secret=True)


def test_an_empty_one_of_the_user_is_none(home: Path) -> None:
    access.close(home)
    assert service(home, auth="").auth == access.kept(home)


def test_every_process_of_the_service_gets_it_and_only_a_terminal_is_told(home: Path) -> None:
    access.close(home)
    text = access.make(home)
    assert {service(home).environment()[name] for name in AUTH_VARIABLES} == {text}
    assert text in service(home).description(show_secret=True)
    assert text not in service(home).description()
    assert f"log in with  the line in {home}/prefect/auth\n" in service(home).description()


def test_without_one_nothing_is_asked_and_that_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AUTH_VARIABLES:
        monkeypatch.setenv(name, "left:over")
    access.close(home)
    access.make(home)
    assert not {*AUTH_VARIABLES} & service(home, no_auth=True).environment().keys()
    assert f"log in with  nothing: {OPEN}\n" in service(home, no_auth=True).description()


@pytest.mark.parametrize("no_auth", [False, True])
def test_other_pages_are_refused_whatever_the_environment_says(home: Path, no_auth: bool,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", "*")
    monkeypatch.setenv("PREFECT_SERVER_CSRF_PROTECTION_ENABLED", "false")
    env = service(home, no_auth).environment()
    assert env["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "http://127.0.0.1:4200,http://localhost:4200"
    assert env["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"


# The modes


def test_a_new_home_is_the_users_alone(home: Path) -> None:
    access.close(home)
    assert (mode(home), mode(home / "prefect")) == ("0700", "0700")


def test_what_an_open_service_left_is_closed(home: Path) -> None:
    folder = home / "prefect"
    (folder / "storage").mkdir(parents=True)
    (home / "warehouse.duckdb").touch()
    outside = home / "outside"
    outside.touch()
    for name in ("prefect.db", "prefect.db-wal", "prefect.db-shm", "server.log", "storage/result"):
        (folder / name).touch()
    (folder / "link").symlink_to(outside)
    assert {path.name for path in access.open_to_others(home)} == {
        "prefect", "storage", "result", "prefect.db", "prefect.db-wal", "prefect.db-shm", "server.log"}
    assert access.close(home)
    assert mode(home) == mode(folder) == mode(folder / "storage") == "0700"
    assert {mode(folder / name) for name in ("prefect.db", "prefect.db-wal", "server.log", "storage/result")} == {"0600"}
    assert mode(outside) == "0644"
    assert access.open_to_others(home) == []


def test_who_opens_the_home_afterwards_wants_that(home: Path) -> None:
    access.close(home)
    home.chmod(0o755)
    assert not access.close(home)
    assert (mode(home), mode(home / "prefect")) == ("0755", "0700")


@pytest.mark.parametrize(("kind", "made"), [(0o1777, ()), (0o755, ("somebody's",))])
def test_a_folder_that_is_more_than_a_home_is_left_as_it_is(home: Path, kind: int, made: tuple[str, ...]) -> None:
    home.mkdir()
    for name in made:
        (home / name).touch()
    home.chmod(kind)
    assert not access.close(home)
    assert (mode(home), mode(home / "prefect")) == (f"{kind:04o}", "0700")


def test_a_log_is_made_for_the_user_alone(tmp_path: Path) -> None:
    with access.private(tmp_path / "log", "a") as log:
        log.write("said")
    assert mode(tmp_path / "log") == "0600"
