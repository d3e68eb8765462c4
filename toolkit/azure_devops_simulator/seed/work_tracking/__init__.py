"""What belongs to the work items of the seed organization: attached files, saved queries and templates."""
