"""What an operator edits, and the code that refuses mistakes."""
