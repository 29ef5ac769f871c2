"""The computations behind panels and claims; none needs a panel or a browser."""
