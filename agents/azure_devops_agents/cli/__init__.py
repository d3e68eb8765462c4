"""The command line `azure-devops-agent`."""
