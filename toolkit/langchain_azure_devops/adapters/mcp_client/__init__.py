"""The vendor's MCP server under our rules: its operations are filtered, approved and audited like ours."""
