"""How a tool is declared and called: schema, approval, recovery of lost writes, paging and fan-out."""
