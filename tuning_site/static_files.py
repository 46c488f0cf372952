"""How static files are kept: under names that carry a hash of their content, compressed, styles as one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

from tuning_site import collecting

JOINED = "css/site.css"
"""The stylesheet that only imports others. A browser paints nothing before the last of them has come, so a site that
is served asks for one file and not for two dozen."""

_IMPORT = re.compile(r'^@import url\("([\w./-]+)"\);$', re.MULTILINE)


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise ships no types
    """Names hashed also where one JavaScript module imports another, and stylesheets joined where one imports others.

    Without the first a browser asks again for every module that a page does not name itself, and may mix those of two
    versions.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Join the styles, hash and compress, and note the sources; yields (name, hashed name, whether processed)."""
        sources = collecting.sources()
        if JOINED in paths and not dry_run:
            self.delete(JOINED)
            self.save(JOINED, ContentFile(_joined(paths, JOINED)))
            paths = {**paths, JOINED: (self, JOINED)}
        yield from super().post_process(paths, dry_run=dry_run, **options)
        if not dry_run:
            collecting.note(sources)


def _joined(paths: dict[str, Any], name: str) -> str:
    """Return a stylesheet with the files in place of their imports; a missing one is a `KeyError` that names it.

    paths: what is collected, {name: (storage of its source, path there)}. What is imported lies in the same folder, so
    that relative addresses in it stay true, and is read at its source: an earlier copy may be joined already.
    """
    return _IMPORT.sub(lambda found: _read(paths, join(dirname(name), found.group(1))), _read(paths, name))


def _read(paths: dict[str, Any], name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        return str(file.read().decode())
