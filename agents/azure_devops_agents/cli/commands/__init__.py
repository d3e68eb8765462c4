"""The commands of `azure-devops-agent`, one module for each."""
