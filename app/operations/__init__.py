"""Operations: long work that a caller can follow and cancel."""
