"""The checks of resources, and the approvals for which stages wait."""
