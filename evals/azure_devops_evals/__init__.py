"""The eval suite: cases with a question, an environment, a reference solution, and checks of the outcome."""
