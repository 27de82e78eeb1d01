"""Servers on loopback that speak the protocols of those we send to, and fail as they do when told."""
