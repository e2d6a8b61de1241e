"""What the lake keeps: ledger, archive, usage log, manifests, tables; and how it is read and written."""
