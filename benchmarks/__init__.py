"""How fast, as ratios of two things measured in one run; not part of the tests."""
