"""What every family of objectives searches with: greedy, local search, open nodes, knapsacks."""
