"""Read the words of sentences: the dates and times in them, and the language that they are of."""
