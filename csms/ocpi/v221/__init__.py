"""OCPI 2.2.1: one table of routes, and one room for each module."""
