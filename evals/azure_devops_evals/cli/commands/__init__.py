"""The commands of `azure-devops-evals`, one module each, imported when the command runs."""
