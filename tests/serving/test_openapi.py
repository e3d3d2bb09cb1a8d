import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_is_made_from_the_openapi_never_ends_the_server(client, mode):
    """Requests that fit the schema and requests that do not; every answer is as declared."""
    load_all_checks()
    schema = schemathesis.openapi.from_url(f"{client.url}/openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    assert len(found) == 8
    for operation in found:
        if mode is GenerationMode.NEGATIVE and operation.method == "get":
            continue  # nothing is sent that could be wrong

        @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case):
            # text that fits the schema need not be a picture
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        holds()
    assert client.get("/ready").status_code == 200
