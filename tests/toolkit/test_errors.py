"""Errors: which class an answer of the service becomes, what each class means for a caller, and what it says."""

import pytest

from langchain_azure_devops import errors
from langchain_azure_devops.errors import did_you_mean, error_class, explain, first_sentence

CLASSES = {
    errors.AzureDevOpsError: ("unavailable", 8),
    errors.Misconfigured: ("misconfigured", 2),
    errors.OrganizationInvalid: ("misconfigured", 2),
    errors.CredentialMissing: ("misconfigured", 3),
    errors.CredentialMalformed: ("misconfigured", 3),
    errors.ScopesInvalid: ("misconfigured", 2),
    errors.ToolUnknown: ("misconfigured", 2),
    errors.AuditFailed: ("misconfigured", 2),
    errors.NotSignedIn: ("not_signed_in", 4),
    errors.TokenRejected: ("not_signed_in", 4),
    errors.SignInRequired: ("not_signed_in", 4),
    errors.CredentialUnavailable: ("not_signed_in", 4),
    errors.AccountChanged: ("not_signed_in", 4),
    errors.Denied: ("denied", 7),
    errors.ScopeMissing: ("denied", 7),
    errors.PermissionDenied: ("denied", 7),
    errors.RefusedByPolicy: ("denied", 7),
    errors.OrganizationAccessDenied: ("denied", 5),
    errors.NotFound: ("not_found", 6),
    errors.OrganizationNotFound: ("not_found", 5),
    errors.ProjectNotFound: ("not_found", 6),
    errors.Conflict: ("conflict", 7),
    errors.RevisionConflict: ("conflict", 7),
    errors.AlreadyExists: ("conflict", 7),
    errors.InvalidRequest: ("invalid", 2),
    errors.Throttled: ("throttled", 8),
    errors.Unavailable: ("unavailable", 8),
    errors.Unreachable: ("unavailable", 8),
    errors.TlsFailure: ("unavailable", 9),
    errors.ProxyPage: ("unavailable", 10),
    errors.ServiceFault: ("unavailable", 8),
    errors.WriteOutcomeUnknown: ("unavailable", 8),
    errors.WriteNotDone: ("unavailable", 8),
    errors.WriteBlocked: ("blocked", 7),
    errors.StateChanged: ("blocked", 7),
    errors.ClientClosed: ("closed", 1),
}


def kinds(kind):
    return {kind}.union(*(kinds(below) for below in kind.__subclasses__() if below.__module__ == errors.__name__))


def test_every_class_has_a_status_and_an_exit_code():
    assert {kind: (kind.status, kind.exit_code) for kind in kinds(errors.AzureDevOpsError)} == CLASSES


def test_only_what_was_surely_not_done_is_tried_again():
    assert set(errors.RETRYABLE) == {errors.Throttled, errors.Unreachable, errors.ServiceFault}


@pytest.mark.parametrize(
    ("status", "type_key", "message", "kind"),
    [
        (404, "ProjectDoesNotExistWithNameException", "", errors.ProjectNotFound),
        (404, "ProjectDoesNotExistException", "", errors.ProjectNotFound),
        (409, "GitPullRequestExistsException", "", errors.AlreadyExists),
        (400, "RelationAlreadyExistsException", "", errors.AlreadyExists),
        (412, "WorkItemRevisionMismatchException", "", errors.RevisionConflict),
        (400, "TestPatchOperationFailedException", "", errors.RevisionConflict),
        (409, "WikiPageAlreadyExistsException", "", errors.AlreadyExists),
        (400, "PipelineNotFoundException", "", errors.NotFound),
        (401, "UnauthorizedRequestException", "", errors.OrganizationAccessDenied),
        (400, "Other", "TF200016: no such project", errors.ProjectNotFound),
        (500, "Other", "VS800075: no such project", errors.ProjectNotFound),
        (409, "Other", "TF401179: there is one already", errors.AlreadyExists),
        (400, "Other", "TF26071: changed by somebody", errors.RevisionConflict),
        (403, "Other", " TF400813 : no access", errors.OrganizationAccessDenied),
        (503, "Other", "TF400733: blocked", errors.Throttled),
        (400, "Other", "see TF400733: blocked", errors.InvalidRequest),
        (400, "", "", errors.InvalidRequest),
        (401, "", "", errors.TokenRejected),
        (403, "", "", errors.PermissionDenied),
        (404, "", "", errors.NotFound),
        (405, "", "", errors.InvalidRequest),
        (409, "", "", errors.Conflict),
        (410, "", "", errors.NotFound),
        (412, "", "", errors.RevisionConflict),
        (413, "", "", errors.InvalidRequest),
        (415, "", "", errors.InvalidRequest),
        (418, "", "", errors.InvalidRequest),
        (429, "", "", errors.Throttled),
        (499, "", "", errors.InvalidRequest),
        (500, "", "", errors.ServiceFault),
        (503, "", "", errors.ServiceFault),
    ],
)
def test_an_answer_becomes_the_class_of_its_key_then_its_code_then_its_status(status, type_key, message, kind):
    assert error_class(status, type_key, message) is kind


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (errors.ProjectNotFound, "List the projects: the answer holds all that this token can see."),
        (errors.OrganizationNotFound, "Check the name or id with the matching list tool."),
        (errors.PermissionDenied, "membership in Contributors covers most writes."),
        (errors.RevisionConflict, "Read it again and repeat the change on the new revision."),
        (errors.AlreadyExists, "Read the existing one before you create another."),
        (errors.OrganizationAccessDenied, "or have its owner added as a member."),
        (errors.ServiceFault, "Try again later."),
    ],
)
def test_a_message_ends_with_the_next_step_of_its_class(kind, step):
    message = explain(kind, "It happened ")
    assert message.startswith("It happened. ")
    assert message.endswith(step)


@pytest.mark.parametrize("happened", ["It happened.", "It happened!", "Did it happen?"])
def test_a_sentence_is_not_ended_twice_and_a_class_without_a_step_adds_nothing(happened):
    assert explain(errors.Conflict, happened) == happened


@pytest.mark.parametrize(
    ("message", "first"),
    [
        ("It broke. Try again.", "It broke."),
        ("It broke.", "It broke."),
        ("It broke", "It broke."),
        ("Broken! Why", "Broken! Why."),
        ("Broken?", "Broken?"),
        ("Broken!", "Broken!"),
    ],
)
def test_the_first_sentence_of_a_message_is_what_happened(message, first):
    assert first_sentence(message) == first


def test_the_headline_has_the_subject_without_what_could_be_taken_for_its_end():
    assert errors.ScopeMissing("It lacks a scope.", subject="vso.code").headline == "[denied ScopeMissing vso.code]"
    assert errors.Conflict("Changed.").headline == "[conflict Conflict]"
    hostile = errors.NotFound("None.", subject="a]\nb\u3164[c  d")
    assert hostile.headline == "[not_found NotFound a b c d]"
    assert errors.NotFound("None.", subject="x" * 121).headline == f"[not_found NotFound {'x' * 120}]"
    assert errors.NotFound("None.", subject="x" * 120).headline == f"[not_found NotFound {'x' * 120}]"


def test_details_of_errors_are_kept():
    assert (errors.Throttled("Wait.").retry_after, errors.Throttled("Wait.", retry_after=3.0).retry_after) == (None, 3)
    throttled = errors.Throttled("Wait.", subject="s")
    assert (str(throttled), throttled.message, throttled.subject, errors.Throttled("Wait.").subject) == (
        "Wait.", "Wait.", "s", "",
    )  # fmt: skip
    unknown = errors.WriteOutcomeUnknown("It was lost.")
    assert (unknown.happened, unknown.accepted, unknown.url, unknown.subject) == ("It was lost.", False, "", "")
    known = errors.WriteOutcomeUnknown("Lost.", subject="s", happened="Broke.", accepted=True, url="https://a.example")
    assert (known.happened, known.accepted, known.url) == ("Broke.", True, "https://a.example")
    assert (str(known), known.message, known.subject) == ("Lost.", "Lost.", "s")


@pytest.mark.parametrize(
    ("given", "cutoff", "said"),
    [
        ("MIAN", 0.6, " Did you mean 'Main'?"),
        ("main", 0.6, " Did you mean 'Main'?"),
        ("xxxx", 0.6, ""),
        ("mxxn", 0.6, ""),
        ("mxxn", 0.5, " Did you mean 'Main'?"),
    ],
)
def test_the_nearest_known_word_is_named(given, cutoff, said):
    assert did_you_mean(given, ["Main", "develop"], cutoff) == said


def test_words_that_are_alike_enough_by_default():
    assert did_you_mean("abcde", ["abcxy"]) == " Did you mean 'abcxy'?"
    assert did_you_mean("abcde", ["abxyz"]) == ""
