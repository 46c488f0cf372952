"""Other dashboards, filled with a study of ours. The `*_study.py` programs run in their environment, not in ours."""
