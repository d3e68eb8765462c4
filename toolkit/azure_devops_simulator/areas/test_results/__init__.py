"""The test results of builds."""
