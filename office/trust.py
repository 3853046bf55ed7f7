"""By what this installation checks signatures (căn cứ kiểm tra): newest version, lists at hand."""

import logging
from pathlib import Path

from engine.database import SYSTEM, Database
from engine.errors import Stale
from processes.means import Known
from processes.trust import (
    import_folder,
)
from processes.trust_rules import (
    Rules,
)
from records import trust
from signing.addresses import AllowList
from signing.errors import SigningError
from signing.fetching import Fetcher
from signing.revocation import Revocation, load_revocation
from signing.revocation_cache import RevocationCache
from signing.trust import TRUST_FILE

log = logging.getLogger(__name__)


class TrustShelf:
    """What `SigningMeans.known` asks: the version in force of the database, the folder's lists.

    The folder `trust` of the data directory becomes the first version; after that only the lists
    in it are read, and `revocation` keeps what was fetched.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._database = database
        self._rules = Rules.of(None)

    def known(self) -> Known:
        """Return what is in force now; nobody is trusted where nothing can be read."""
        rules = self._in_force()
        return Known(
            rules.trust, rules.policy, rules.sources, cache_of(self.folder, rules), self._laid()
        )

    def _in_force(self) -> Rules:
        with self._database.transaction(SYSTEM) as tx:
            number = trust.newest_number(tx)
            if number and number == self._rules.trust.version:
                return self._rules
            found = trust.newest(tx) if number else None
        if found is None:
            return self._imported()
        self._rules = Rules.of(found)
        return self._rules

    def _imported(self) -> Rules:
        try:
            with self._database.transaction(SYSTEM) as tx:
                return Rules.of(import_folder(tx, self.folder / "trust"))
        except Stale:
            return self._in_force()  # another process was first
        except SigningError as error:
            log.warning("%s: %s", self.folder / "trust" / TRUST_FILE, error)
            return Rules.of(None)

    def _laid(self) -> Revocation:
        try:
            return load_revocation(self.folder / "trust")
        except SigningError:
            return Revocation()


def cache_of(folder: Path, rules: Rules) -> RevocationCache:
    """Return the lists kept in the data directory, asked for as a version allows."""
    fetcher = Fetcher(AllowList(rules.sources.allowed), rules.sources.networks)
    return RevocationCache(revocation_folder(folder), fetcher, rules.policy)


def revocation_folder(folder: Path) -> Path:
    """Return where lists that were fetched lie."""
    return folder / "revocation"
