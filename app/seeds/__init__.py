"""Seeds and frontiers: questions about budgets, answered and remembered."""
