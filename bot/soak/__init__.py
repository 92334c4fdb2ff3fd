"""Campaigns of faults against the real bot: what is killed, lost or doubled is counted, not believed."""
