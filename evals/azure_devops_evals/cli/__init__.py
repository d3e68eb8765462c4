"""The command line `azure-devops-evals`."""
