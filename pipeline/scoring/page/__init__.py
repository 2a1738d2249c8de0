"""A score's page."""
