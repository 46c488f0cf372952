"""The pruning floor's part of `/api/v1/`."""
