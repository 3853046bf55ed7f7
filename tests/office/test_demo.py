"""What was ever a demonstration is never put to real work."""

import shutil
from dataclasses import replace

import pytest

from engine.database import Database
from office import demo, start
from office.settings import Mode, Settings, load


def fitted(folder, url: str, mode: Mode) -> Settings:
    return replace(load(), data=folder, database_url=url, mode=mode, demo_password="thu-nghiem-188")


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory, database_url) -> Settings:
    settings = fitted(tmp_path_factory.mktemp("demo"), database_url, Mode.DEMO)
    start.seed_demo(settings)
    return settings


def test_an_empty_database_and_folder_may_be_put_to_real_work(tmp_path, fresh_database):
    start.refuse_demo(fitted(tmp_path, fresh_database.url, Mode.PRODUCTION))


def test_a_demonstration_s_database_is_refused_in_production(demonstration, tmp_path):
    """By the journal, which cannot be emptied as the accounts can."""
    with pytest.raises(demo.WasADemo):
        start.refuse_demo(fitted(tmp_path, demonstration.database_url, Mode.PRODUCTION))


def test_a_demonstration_s_keys_are_refused_in_production(
    demonstration, tmp_path, fresh_database: Database
):
    shutil.copytree(demonstration.data / "signing", tmp_path / "signing")
    with pytest.raises(demo.WasADemo):
        start.refuse_demo(fitted(tmp_path, fresh_database.url, Mode.PRODUCTION))


def test_production_prepares_with_the_refusal_and_without_the_seed(tmp_path):
    steps = {mode: start.preparation(fitted(tmp_path, "", mode)) for mode in Mode}
    assert start.refuse_demo in steps[Mode.PRODUCTION]
    assert start.seed_demo not in steps[Mode.PRODUCTION]
    assert start.seed_demo in steps[Mode.DEMO]
