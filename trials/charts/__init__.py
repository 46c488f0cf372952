"""Chart data, one file a chart: rows become a small named tuple, the tuple becomes JSON (see docs/charts.md)."""
