"""Cases that begin with the diagnosis of a build."""
