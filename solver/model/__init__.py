"""What is asked and what is answered: problems, constraints, results, stops, errors."""
