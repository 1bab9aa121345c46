"""The signature of calls."""

from pydantic import SecretStr

from linkstar_pipelines.connectors.tongtool.signing import sign


def test_the_signature_is_the_md5_of_token_timestamp_and_secret() -> None:
    found = sign(SecretStr("TOKEN123"), "1700000000000", SecretStr("SECRET456"))
    assert found == "76eeaf45f3aecf98190a4c947119df27"
