"""The process of a project: fields, work item types with their states, and the rules for writing both."""
