"""The investigating agent: a graph whose wiring reads like its drawing."""
