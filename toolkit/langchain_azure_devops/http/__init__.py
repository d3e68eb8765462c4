"""Requests to the service: the client, credentials, the write gate, retries, pacing and answers.

`AzureDevOps` is the client that typed functions take. It sends every request of the toolkit. `decode` turns an answer
into data, and a damaged answer into an error that the model is told.
"""

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.http.request import API_VERSION
from langchain_azure_devops.http.responses import Identity, decode

__all__ = ["API_VERSION", "AzureDevOps", "Identity", "decode", "open_network"]
