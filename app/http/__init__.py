"""What all calls over HTTP share: problems, strict bodies, paging, idempotency, validators."""
