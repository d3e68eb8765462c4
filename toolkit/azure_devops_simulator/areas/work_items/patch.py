"""Apply a JSON Patch document to a work item. The result is a draft to save, or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from azure_devops_simulator.api.errors import NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_object, as_text, whole_number
from azure_devops_simulator.areas.work_items.json_patch import Operation
from azure_devops_simulator.areas.work_items.process.boards import board_of_field, settle_cards
from azure_devops_simulator.areas.work_items.process.fields import FIELDS, Field, is_card_field, require_field
from azure_devops_simulator.areas.work_items.process.rules import (
    check_reason,
    check_state,
    enter_state,
    join_tags,
    new_fields,
    not_in_list,
    read_only,
    required,
    split_tags,
    stored_value,
)
from azure_devops_simulator.areas.work_items.process.types import State, WorkItemType, work_item_type
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.attachments import attachment_id
from azure_devops_simulator.state.work_items.records import (
    Draft,
    FieldValue,
    NewRelation,
    Relation,
    TextFormat,
    WorkItem,
)
from azure_devops_simulator.state.work_items.relation_types import find_relation_type

_SPACE = "Microsoft.TeamFoundation.WorkItemTracking.Server"
_WORK_ITEM_URL = re.compile(r"/_apis/wit/workitems/(\d+)/?(?:\?.*)?$", re.IGNORECASE)
_FORMATS: dict[str, TextFormat] = {"markdown": "markdown", "html": "html"}
_TYPE, _PROJECT = "System.WorkItemType", "System.TeamProject"
"""Read-only fields that the service lets a client write all the same."""


@dataclass
class Patch:
    """A document that is being applied. `item` is None for a new item."""

    organization: Organization
    project: Project
    kind: WorkItemType
    item: WorkItem | None
    user: User
    when: datetime
    bypass_rules: bool = False

    def __post_init__(self) -> None:
        fields = dict(self.item.revision.fields) if self.item else self._blank()
        self.draft = Draft(fields)
        self._written: set[str] = set()

    def _blank(self) -> dict[str, FieldValue]:
        return new_fields(self.organization, self.project, self.kind, self.when)

    @property
    def _item_id(self) -> int:
        return self.item.id if self.item else -1

    def apply(self, operations: list[Operation]) -> Draft:
        """Apply every operation in turn.

        Raises:
            ServiceError: 400 for what the process does not allow, 412 when a test fails.
        """
        for operation in operations:
            area, _, rest = operation.path.lstrip("/").partition("/")
            match area.lower():
                case "fields":
                    self._field(operation, rest)
                case "relations":
                    self._relation(operation, rest)
                case "multilinefieldsformat":
                    self._format(operation, rest)
                case "rev" | "id":
                    self._test_number(operation, area.lower())
                case _:
                    raise _bad_path(operation.path)
        if not self.draft.fields.get("System.Title"):
            raise required(FIELDS["System.Title"])
        if self._changes_type:
            self._fit_into_type()
        if "System.Reason" in self._written and not self.bypass_rules:
            check_reason(self.kind, self.draft.fields)
        self._follow_cards()
        return self.draft

    def _follow_cards(self) -> None:
        """Give an item whose card was moved the state of its column, unless the document sets a state itself."""
        for name in self._written if "System.State" not in self._written else ():
            found = board_of_field(self.project, name)
            column = found[0].column(str(self.draft.fields.get(name))) if found and name == found[1].column else None
            if column:
                self._state(column.states[self.kind.name])
        settle_cards(self.project, self.kind, self.draft.fields)

    def _check_card(self, field: Field, value: FieldValue | None) -> None:
        """Refuse a column or row that the board does not have, and a type that it has no cards of."""
        found = board_of_field(self.project, field.reference_name)
        if found is None or self.kind.name not in found[0].columns[0].states:
            require_field(f"{field.reference_name} of {self.kind.name}")
        elif field.reference_name == found[1].column:
            if found[0].column(str(value)) is None:
                raise not_in_list(field, str(value))
        elif field.reference_name == found[1].row and value not in {None, *(row.name for row in found[0].rows)}:
            raise not_in_list(field, str(value))

    def _test_number(self, operation: Operation, name: str) -> None:
        if operation.op != "test":
            raise _bad_path(operation.path)
        actual = self._item_id if name == "id" else len(self.item.revisions) if self.item else 0
        if str(operation.value) != str(actual):
            raise _test_failed(operation, actual)

    def _field(self, operation: Operation, name: str) -> None:
        field = require_field(name)
        if field.reference_name not in self.kind.fields and not is_card_field(field.reference_name):
            require_field(f"{name} of {self.kind.name}")
        current = self.draft.fields.get(field.reference_name)
        if operation.op == "test":
            wanted = stored_value(self.organization, self.project, field, operation.value, self._item_id)
            if current != wanted:
                raise _test_failed(operation, str(current))
            return
        if field.reference_name in self._written:
            raise _written_twice(field)
        self._written.add(field.reference_name)
        self._write(field, self._value(operation), merge=operation.op == "add")

    def _value(self, operation: Operation) -> JsonValue:
        if operation.op == "remove":
            return None
        if operation.op not in {"copy", "move"}:
            return operation.value
        source = require_field(operation.source.rpartition("/")[2])
        value = self.draft.fields.get(source.reference_name)
        if operation.op == "move":
            self._write(source, None, merge=False)
        return value.isoformat() if isinstance(value, datetime) else value

    def _write(self, field: Field, value: JsonValue, *, merge: bool) -> None:
        name = field.reference_name
        if name in {"System.AreaId", "System.IterationId"}:
            field, value = self._path_of(field, value)
            name = field.reference_name
        elif name == _PROJECT and value:
            self._stay(str(value))
            return
        elif name == _TYPE and value:
            self.kind = work_item_type(self.project, str(value))
            self.draft.fields[_TYPE] = self.kind.name
            return
        elif field.read_only and not (self.bypass_rules and not field.computed):
            raise read_only(field)
        if name == "System.State":
            self._state(value)
            return
        rules = not self.bypass_rules
        stored = stored_value(self.organization, self.project, field, value, self._item_id, rules=rules)
        if is_card_field(name):
            self._check_card(field, stored)
        if name == "System.History":
            self.draft.history = None if stored is None else str(stored)
            return
        if name == "System.Tags" and merge and stored:
            stored = join_tags(split_tags(f"{self.draft.fields.get(name, '')};{stored}"))
        if stored is not None:
            self.draft.fields[name] = stored
        elif field.kind == "treePath" or (name in self.kind.required and not self.bypass_rules):
            raise required(field)
        else:
            self.draft.fields.pop(name, None)

    def _stay(self, value: str) -> None:
        if value.lower() != self.project.name.lower():
            raise NotSimulatedError("moving a work item to another project")

    @property
    def _changes_type(self) -> bool:
        return self.item is not None and self.item.type != self.kind.name

    def _fit_into_type(self) -> None:
        """Keep of an item what its new type has, and refuse a state that this type has not.

        The values of other fields stay in the earlier revisions.
        """
        fields = self.draft.fields
        state = self.kind.state(str(fields["System.State"]))
        if state is None:
            raise not_in_list(FIELDS["System.State"], str(fields["System.State"]))
        if "System.Reason" not in self._written and fields.get("System.Reason") not in state.reasons:
            fields["System.Reason"] = state.reason
        for name in [name for name in fields if name not in self.kind.fields]:
            del fields[name]
        for name, value in self.kind.defaults.items():
            fields.setdefault(name, value)

    def _path_of(self, field: Field, value: JsonValue) -> tuple[Field, JsonValue]:
        path_field = FIELDS[field.reference_name.replace("Id", "Path")]
        node = self.organization.work_items.trees.by_id(value) if isinstance(value, int) else None
        return path_field, node.path if node else f"#{value}"

    def _state(self, value: JsonValue) -> None:
        if not value:
            raise required(FIELDS["System.State"])
        state = check_state(self.kind, value, self._states())
        if state.name != self.draft.fields["System.State"]:
            chosen = self.draft.fields.get("System.Reason") if "System.Reason" in self._written else None
            enter_state(self.kind, self.draft.fields, state, by=self.user, when=self.when)
            if chosen is not None:
                self.draft.fields["System.Reason"] = chosen

    def _states(self) -> tuple[State, ...]:
        """Return the allowed states: the first one for a new item, and the following ones for an existing item."""
        if self.bypass_rules:
            return self.kind.states
        if self.item is None:
            return self.kind.states[:1]
        if self._changes_type:
            return self.kind.states
        current = self.kind.state(str(self.item.revision.fields["System.State"]))
        return self.kind.following(current) if current else self.kind.states

    def _format(self, operation: Operation, name: str) -> None:
        field = require_field(name)
        wanted = _FORMATS.get(str(operation.value).lower())
        if field.kind not in {"html", "history"} or wanted is None:
            raise _bad_path(operation.path)
        if field.kind == "history":
            self.draft.history_format = wanted
            return
        known = self.item.formats.get(field.reference_name) if self.item else None
        if known == "markdown" and wanted == "html":
            message = f"The format of the field {field.reference_name} cannot be changed back from Markdown to HTML."
            raise ServiceError(400, "VssPropertyValidationException", message)
        self.draft.formats[field.reference_name] = wanted

    def _relation(self, operation: Operation, rest: str) -> None:
        if operation.op == "add" and rest == "-":
            self._add_relation(as_object(operation.value))
            return
        index, _, deeper = rest.partition("/")
        relations = self.item.relations() if self.item else []
        number = whole_number(index)
        if number is None or number >= len(relations):
            raise ServiceError(400, "VssPropertyValidationException", f"Index out of range for path {operation.path}.")
        relation = relations[number]
        if operation.op == "remove" and not deeper:
            self.draft.removed.append(relation)
        elif operation.op in {"add", "replace"}:
            self.draft.edited.append(_edited(relation, operation, deeper))
        else:
            raise _bad_path(operation.path)

    def _add_relation(self, value: JsonObject) -> None:
        known = find_relation_type(as_text(value.get("rel")))
        url = as_text(value.get("url"))
        if known is None:
            message = f"VS402376: Unknown relation type {value.get('rel')}."
            raise _link_error("WorkItemLinkTypeNotFoundException", message)
        attributes = as_object(value.get("attributes"))
        name = as_text(attributes.get("name")) or None
        comment = as_text(attributes.get("comment")) or None
        new = NewRelation(known.reference_name, self._target(url) if known.topology else url, comment, name)
        if known.reference_name == "ArtifactLink" and name is None:
            raise _link_error("WorkItemLinkException", "VS402381: An artifact link needs the attribute 'name'.")
        if not url:
            raise _link_error("WorkItemLinkException", "VS402380: A relation needs a URL.")
        if known.reference_name == "AttachedFile":
            self._check_attachment(url)
        self._check_links(new, single=known.single_parent, tree=known.topology == "tree")
        self.draft.added.append(new)

    def _target(self, url: str) -> int:
        found = _WORK_ITEM_URL.search(url)
        target = self.organization.work_items.get(int(found[1])) if found else None
        if target is None or not self.organization.sees(self.user, target.project):
            raise no_such_item(found[1] if found else url)
        return target.id

    def _check_attachment(self, url: str) -> None:
        found = self.organization.work_items.attachments.get(attachment_id(url) or "")
        if found is None or not found.complete:
            raise no_such_attachment(url)

    def _check_links(self, new: NewRelation, *, single: bool, tree: bool) -> None:
        standing = [r for r in (self.item.relations() if self.item else []) if r not in self.draft.removed]
        same = [(known.rel, known.target) for known in standing]
        same += [(known.rel, known.target) for known in self.draft.added]
        if (new.rel, new.target) in same:
            space = "Microsoft.Azure.Boards.WebApi.Common"
            key = "RelationAlreadyExistsException"
            raise ServiceError(400, key, "Relation already exists.", type_name=f"{space}.{key}, {space}")
        if single and any(rel == new.rel for rel, _ in same):
            raise _link_error("WorkItemLinkAddExtraParentException", "TF201036: You cannot add a second parent link.")
        if tree and isinstance(new.target, int):
            self._check_tree(new.rel, new.target, forward=not single)

    def _check_tree(self, rel: str, target: int, *, forward: bool) -> None:
        store = self.organization.work_items
        other = store.get(target)
        if forward and other and rel.startswith("System.LinkTypes.Hierarchy") and other.parent():
            message = f"TF201036: You cannot add a Child link: work item {target} already has a parent."
            raise _link_error("WorkItemLinkAddExtraParentException", message)
        lower, upper = (target, self._item_id) if forward else (self._item_id, target)
        seen: set[int] = set()
        at: int | None = upper
        while at is not None and at not in seen:
            if at == lower:
                message = "TF201035: You cannot add this link, because it would create a circular relationship."
                raise _link_error("WorkItemLinkCircularException", message)
            seen.add(at)
            above = store.get(at)
            at = above.parent() if above else None


def no_such_item(number: int | str) -> ServiceError:
    """Return the one answer for an item that is missing and for one that may not be read."""
    key = "WorkItemUnauthorizedAccessException"
    message = f"TF401232: Work item {number} does not exist, or you do not have permissions to read it."
    return ServiceError(404, key, message, event_id=3200, type_name=f"{_SPACE}.{key}, {_SPACE}")


def no_such_attachment(name: str, status: int = 400) -> ServiceError:
    """Return the error for a file that was not uploaded, or not to its end."""
    key = "WorkItemAttachmentNotFoundException"
    message = f"The attachment '{name}' does not exist."
    return ServiceError(status, key, message, event_id=3200, type_name=f"{_SPACE}.{key}, {_SPACE}")


def patch_for(item: WorkItem, organization: Organization, user: User, *, bypass_rules: bool = False) -> Patch:
    """Return a patch of an existing item."""
    kind = work_item_type(item.project, item.type)
    when = organization.clock.now()
    return Patch(organization, item.project, kind, item, user, when, bypass_rules)


def _edited(relation: Relation, operation: Operation, deeper: str) -> Relation:
    if deeper.lower() == "attributes/comment":
        return replace(relation, comment=str(operation.value))
    value = as_object(operation.value)
    attributes = value.get("attributes", value if deeper.lower() == "attributes" else None)
    if not isinstance(attributes, Mapping):
        raise _bad_path(operation.path)
    comment = attributes.get("comment")
    return replace(relation, comment=comment if isinstance(comment, str) else None)


def _bad_path(path: str) -> ServiceError:
    return ServiceError(400, "VssPropertyValidationException", f"Unable to evaluate path {path}.")


def _test_failed(operation: Operation, actual: JsonValue) -> ServiceError:
    key, space = "TestPatchOperationFailedException", "Microsoft.VisualStudio.Services.WebApi"
    message = (
        f"VS403351: Test Operation for path {operation.path} failed, value {actual} was not equal to "
        f"test value {operation.value}."
    )
    return ServiceError(412, key, message, type_name=f"{space}.Patch.{key}, {space}")


def _written_twice(field: Field) -> ServiceError:
    name = field.reference_name
    message = f"VS403691: Update to work item had two or more updates for field with reference name '{name}'."
    return ServiceError(400, "WorkItemFieldDuplicateUpdateException", message, event_id=3200)


def _link_error(key: str, message: str) -> ServiceError:
    return ServiceError(400, key, message, event_id=3200, type_name=f"{_SPACE}.{key}, {_SPACE}")
