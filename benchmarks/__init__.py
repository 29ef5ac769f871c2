"""What is fast, measured side by side with what a user would otherwise do: see README.md."""
