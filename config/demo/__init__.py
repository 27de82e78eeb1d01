"""A lifelike year for an empty house, played through the same verbs that people use."""
