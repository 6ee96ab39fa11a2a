"""What is remembered: tables, their migrations, a small module of queries per table."""
