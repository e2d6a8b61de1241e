"""Questions of analysts and their answers, on a small lake whose answers are known: ``docs/QUERIES.md``."""
