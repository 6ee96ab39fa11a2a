"""The limits of a selection: as arrays, reduced, decided, completed, explained."""
