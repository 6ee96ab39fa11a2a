"""What happens to every request and response, around all routes."""
