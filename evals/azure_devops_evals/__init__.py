"""The eval suite: cases with a question, a place to ask it, a reference solution, and checks of what came out."""
