"""The agent under plain `langgraph dev`, used over HTTP by LangGraph's own client."""

from azure_devops_agents.models.scripted import Call

GRAPH = "investigator"


def file_bug(title):
    report = Call.to("write_report", answer=f"Filed {title}. [E1]", verdict="answered")
    return [[Call.to("create_work_item", type="Bug", title=title, project="Platform")], [report]]


SCRIPTS = {
    "Which projects are there?": [
        [Call.to("list_projects"), Call.to("list_pipelines", project="Platform")],
        [Call.to("write_report", answer="There are four projects. [E1]", verdict="answered")],
    ],
    **{f"File {name}.": file_bug(name) for name in ("approved", "edited", "rejected", "rubbish", "kept", "one", "two")},
}
