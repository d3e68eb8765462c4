"""The families of direct attacks: each attacks every tool that it concerns, generated from the tools' declarations."""
