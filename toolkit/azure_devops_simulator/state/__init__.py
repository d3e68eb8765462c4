"""The data of an organization: projects, repositories, work items, pull requests, builds, people, clock and faults."""
