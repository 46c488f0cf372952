"""The door for a web server."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tuning_site.settings")

application = get_wsgi_application()

# Read what the pages are made of now, not while the first one is waited for.
get_resolver().url_patterns  # noqa: B018  # reading it imports them
# Pages of large studies make hundreds of thousands of small objects at once. Looking for cycles among them, and among
# all of Django each time, took a fifth of what the first picture of 100,000 trials costs (docs/benchmarks.md).
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
