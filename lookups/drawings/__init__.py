"""Geometry of the pictures that reports show: numbers and short labels, no markup, no colours."""
