"""The toolset of writes to a pull request that is reviewed."""

from langchain_azure_devops.calls.declaration import Toolset

review_changes = Toolset.named("review_changes", "Review pull requests: comment, vote, complete; set who reviews.")
