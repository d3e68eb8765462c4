"""Answers of a person and reports of the agent, as the tests send and read them."""

from azure_devops_agents.investigation.events import ApprovalAsked, ReportReady

YES = {"type": "approve"}
NO = {"type": "reject", "message": "known already"}
STOP = {"type": "stop"}


def edit(tool="create_work_item", **arguments):
    """The decision of a person who wants other arguments."""
    return {"type": "edit", "edited_action": {"name": tool, "args": arguments}}


def asked(events):
    """The one question that the events end with."""
    [question] = [event for event in events if isinstance(event, ApprovalAsked)]
    return question


def questions(events):
    """All questions in the events: one, or none."""
    return [event for event in events if isinstance(event, ApprovalAsked)]


def answer(investigator, question, *decisions, thread="t"):
    """Send one decision for each write of a question, and return the events."""
    return list(investigator.answer(thread, question.interrupt_id, {"decisions": list(decisions)}))


def report_of(events):
    """The one report in the events."""
    [report] = [event.report for event in events if isinstance(event, ReportReady)]
    return report
