"""An agent that investigates Azure DevOps live, automations that file work items, and the commands for both."""
