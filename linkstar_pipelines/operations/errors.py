"""The errors whose message is all a person needs: they are shown without a traceback."""

from typing import Final

from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.files import FileError
from linkstar_pipelines.domain.order_mapping import MappingError
from linkstar_pipelines.operations.catalog_errors import CatalogError
from linkstar_pipelines.operations.processes import ProcessFailedError
from linkstar_pipelines.rules.loading import RuleError
from linkstar_pipelines.settings import ConfigurationError
from linkstar_pipelines.storage.answer_bodies import NothingKeptError
from linkstar_pipelines.storage.embedded import PostgresUnavailableError
from linkstar_pipelines.storage.lake import LakeUnavailableError
from linkstar_pipelines.storage.tokens import TokenKeyError
from linkstar_pipelines.store_files import StoreFileError

MENDABLE: Final = (
    CatalogError,
    ConfigurationError,
    ConnectorError,
    FileError,
    LakeUnavailableError,
    MappingError,
    NothingKeptError,
    PostgresUnavailableError,
    ProcessFailedError,
    RuleError,
    StoreFileError,
    TokenKeyError,
)
