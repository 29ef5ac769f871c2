"""What panels show and claims measure, as computations that need neither panel nor browser."""
