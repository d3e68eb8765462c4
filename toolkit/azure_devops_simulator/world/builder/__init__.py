"""Build an organization: people, projects, repositories, pull requests, work items and pipelines, as users write it."""
