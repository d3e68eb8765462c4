"""Read the words of texts: their sentences, dates, numbers and results, and the language that they are of."""
