"""The YAML files of a pipeline at a commit, and the names in them that the service resolves elsewhere.

They are read by patterns and not by the YAML parser of `pipelines.yaml_file`: that one needs half a second of
processor time for 200 kB, fails at the first mistake in a file, and people ask about builds whose YAML is wrong.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.tools.diagnosis.models import PartKind
from langchain_azure_devops.tools.git import read_text_file

_MOST_FILES, _MOST_BYTES = 20, 200_000
_TEMPLATE = re.compile(r"^[^#\n]*?(?<![^\s{,-])template:[ \t]*['\"]?([^'\"#\s,}]+)", re.MULTILINE)
# In block style or between braces, with or without quotes; bounded, because a file may be hostile.
_KEY = r"(?<![\w.-])([\w.-]{1,100}):[ \t]{1,20}"
_VALUES = (
    re.compile(_KEY + r"['\"]?([^'\"#\n,{}]{1,200}?)['\"]?[ \t]{0,20}(?:[,}\]#]|$)", re.MULTILINE),
    re.compile(r"^[ \t-]{0,200}([\w.-]{1,100}):[ \t]{1,20}([^'\"\s][^\n]{0,200}?)[ \t]{0,20}(?: #|$)", re.MULTILINE),
    re.compile(_KEY + r"'((?:[^'\n]|''){1,200})'"),
    re.compile(_KEY + r'"([^"\n]{1,200})"'),
)
_COMPUTED: Mapping[PartKind, re.Pattern[str]] = {
    "variable group": re.compile(r"(?<![\w.-])group:[^\n$]{0,200}\$[{(\[]"),
    # Any key may name a service connection.
    "service connection": re.compile(r"\$(?:\{\{|[(\[])"),
}


@dataclass
class YamlFiles:
    """The files that make up a pipeline, as far as they are in its own repository.

    Attributes:
        main: The path of the file of the pipeline.
        paths: The paths of all that were read.
        groups: The variable groups that they name, in small letters.
        values: All values of their settings, among them the names of service connections, in small letters.
        texts: What they say, in small letters.
        elsewhere: The templates that are in other repositories, as `path@alias`.
        unread: The files that are named and could not be read, each with the reason.
    """

    main: str = ""
    paths: list[str] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The paths of all files that the pipeline names, also of those that were deleted."""
        return {self.main, *self.paths, *self.unread}

    def tell_unknown(self, kind: PartKind) -> str | None:
        """Say why the files may name more things of a kind than were found; None when all of them were found."""
        if self.elsewhere:
            return "templates of other repositories were not looked through"
        if self.unread:
            return "not every file of the pipeline could be read"
        computed = any(map(_COMPUTED[kind].search, self.texts))
        return "the files of the pipeline compute names when it runs" if computed else None

    def tell_doubt(self, kind: PartKind, name: str) -> str | None:
        """Say why the pipeline may use a thing of this name although no setting names it; None when it does not."""
        whole = re.compile(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])")
        return (
            "its name stands in a file of the pipeline"
            if any(map(whole.search, self.texts))
            else self.tell_unknown(kind)
        )


async def read_yaml_files(client: AzureDevOps, where: PathValues, path: str, commit: str) -> YamlFiles:
    """Read the file of a pipeline and the templates that it uses, at a commit.

    Args:
        client: Where to ask.
        where: The project and the repository.
        path: The file of the pipeline.
        commit: The commit that was built.
    """
    found = YamlFiles(main="/" + path.lstrip("/"))
    waiting = [found.main]
    while waiting:
        each = waiting.pop(0)
        if each in found.paths or each in found.unread:
            continue
        if len(found.paths) >= _MOST_FILES:
            found.unread[each] = f"only {_MOST_FILES} files of a pipeline are read"
            continue
        try:
            content = await read_text_file(client, where, each, commit, _MOST_BYTES)
        except NotFound:
            found.unread[each] = "not there at this commit"
            continue
        if content is None:
            found.unread[each] = "not text"
            continue
        found.paths.append(each)
        found.texts.append(content.text.lower())
        pairs = [(key, value.replace("''", "'")) for each in _VALUES for key, value in each.findall(found.texts[-1])]
        found.values.update(value for _, value in pairs)
        found.groups.update(value for key, value in pairs if key == "group")
        for name in _TEMPLATE.findall(content.text):
            place, _, alias = name.partition("@")
            if alias and alias != "self":
                found.elsewhere.add(name)
            elif "${{" in place or "$(" in place:
                found.unread[name] = "its name is computed"
            else:
                waiting.append(posixpath.normpath(posixpath.join(posixpath.dirname(each), place)))
    return found
