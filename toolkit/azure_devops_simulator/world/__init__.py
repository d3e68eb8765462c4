"""An organization as JSON: export, import and difference."""
