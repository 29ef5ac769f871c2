"""The instructor's side: exercises derived from their solutions, and answers tried against them."""
