"""Plan: what each asset of a day needs and what of it is paid for already, in batches and in dollars."""
