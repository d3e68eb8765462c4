"""Play cases on recordings and in worlds, in parallel, and measure and judge them."""
