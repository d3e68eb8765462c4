"""The made-up company that the simulator serves unless it is given another world."""
