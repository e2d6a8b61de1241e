"""Links from tasks to what they made."""
