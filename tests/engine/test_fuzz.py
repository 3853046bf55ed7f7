"""A short slice of the search of `make fuzz` (`fuzzing`)."""

import pytest
from fuzzing import PROPERTIES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("name", PROPERTIES)
def test_slice(name: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def search(data: st.DataObject) -> None:
        PROPERTIES[name](data)

    search()
