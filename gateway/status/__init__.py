"""Whether all is right: from settings, the spool and what the running gateway says, to values that pages render."""
