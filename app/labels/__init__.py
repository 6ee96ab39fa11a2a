"""The ledger of labels: what annotation platforms say of a dataset's scenes."""
