"""What determines the bytes of a run: study, parameters, code and versions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridagora.errors import RunFolderError
from gridagora.interfaces.storage.provenance import code_sha256, versions
from gridagora.studies.contract import StudyConfig


@dataclass(frozen=True, slots=True)
class Recipe:
    """Two runs of one recipe give the same tables, byte by byte.

    Attributes:
        study: Name of the study.
        config: Its parameters, as JSON holds them.
        versions: Versions of gridagora, Python and the core dependencies.
        code_sha256: Digest of the sources of gridagora.
    """

    study: str
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    code_sha256: str

    @property
    def config_sha256(self) -> str:
        """Digest of the study's name and parameters."""
        return config_sha256(self.study, self.config)

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as it stands in a manifest."""
        return {
            "study": self.study,
            "config": dict(self.config),
            "config_sha256": self.config_sha256,
            "seed": self.config["seed"],
            "versions": dict(self.versions),
            "code_sha256": self.code_sha256,
        }

    def check_same(self, stored: Mapping[str, Any], folder: Path) -> None:
        """Check that what is stored was made by this recipe.

        Args:
            stored: ``as_json`` of the stored recipe.
            folder: Where it is stored, for the message.

        Raises:
            RunFolderError: Study, parameters, code or a version differ.
        """
        other = _difference(stored, self.as_json())
        if other is not None:
            raise RunFolderError(
                folder,
                f"was started with {other}",
                "start again with --force, or choose another folder with --out",
            )


def config_sha256(study: str, config: Mapping[str, Any]) -> str:
    """Return the digest of a study's name and parameters."""
    content = {"study": study, "config": dict(config)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def recipe_of(study: str, config: StudyConfig) -> Recipe:
    """Return the recipe of a study with these parameters in this environment."""
    parameters = config.model_dump(mode="json")
    return Recipe(study, parameters, versions(), code_sha256())


def _difference(stored: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Return the first thing that differs, in words, or None."""
    if stored["study"] != now["study"]:
        return f"study {stored['study']!r}, now {now['study']!r}"
    for kind, sign in (("config", ""), ("versions", "version of ")):
        for name in sorted({*stored[kind], *now[kind]}):
            old, new = stored[kind].get(name), now[kind].get(name)
            if old != new:
                return f"{sign}{name} {json.dumps(old)}, now {json.dumps(new)}"
    if stored["code_sha256"] != now["code_sha256"]:
        return "other source code of gridagora"
    return None
