"""SARIF logs as scanners write them."""


def result(
    rule="py/sql-injection", message="SQL from user input.", path="src/db.py", line=12, text="q = f'{x}'", **more
):
    region = {"startLine": line} | ({"snippet": {"text": text}} if text else {})
    place = {"physicalLocation": {"artifactLocation": {"uri": path}, "region": region}}
    return {"ruleId": rule, "level": "error", "message": {"text": message}, "locations": [place], **more}


def sarif(*results, rules=(), repository="https://dev.azure.com/tidewater/Platform/_git/platform-api", **run):
    """A log with one run of these results."""
    provenance = {"versionControlProvenance": [{"repositoryUri": repository}]} if repository else {}
    driver = {"name": "Scanner", "rules": list(rules)}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **provenance, **run}]}
