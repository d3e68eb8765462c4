"""The state of an organization: values, people and settings."""
