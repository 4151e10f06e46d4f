"""For now a door to the section's module."""

from retail_brain.config_matching import MatchingSettings  # noqa: F401
