"""How static files are kept: under names that carry a hash of their content, compressed."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise ships no types
    """Names hashed also where one JavaScript module imports another.

    Otherwise a browser asks again for every module that a page does not name itself, and may mix those of two versions.
    """

    support_js_module_import_aggregation = True
