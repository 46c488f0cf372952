"""Other tools' pruning: Optuna's own pruners as a rule, and the settings of other tools read as policies."""
