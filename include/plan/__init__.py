"""Plan: what each asset of a day needs, minus what is paid for, in batches and in dollars."""
