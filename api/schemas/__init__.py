"""Shapes of what comes in and goes out, one module a group of resources."""
