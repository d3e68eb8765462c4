"""Leave out of the fields of a model the attributes of its class that are no fields: they have no annotation."""

from griffe import Extension, Module


class AnnotatedFields(Extension):
    """Comes after `griffe_pydantic`, which takes every attribute of a model for a field."""

    def on_package(self, *, pkg: Module, **_: object) -> None:
        """Correct the attributes of every class."""
        for module in pkg.modules.values():
            if not module.is_alias:
                self.on_package(pkg=module)
        for found in pkg.classes.values():
            for attribute in () if found.is_alias else found.attributes.values():
                if attribute.annotation is None:
                    attribute.labels.discard("pydantic-field")
