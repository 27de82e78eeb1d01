"""Channels: one class each, one way out."""
