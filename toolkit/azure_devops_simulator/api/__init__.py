"""How requests are routed, parsed, authorized and answered."""
