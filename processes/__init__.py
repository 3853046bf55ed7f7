"""Procedures: one folder each, with its diagram and the officers' verbs that the diagram calls."""
