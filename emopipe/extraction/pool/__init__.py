"""Worker processes that read clips on this machine, within limits."""
