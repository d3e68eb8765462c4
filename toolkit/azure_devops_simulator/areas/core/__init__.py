"""Discovery, projects, teams and identities."""
