"""Kernels in C for passes over memory that cost NumPy much; everything here also runs without them."""
