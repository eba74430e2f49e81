"""What `concentrator demo` adds around the unit; needs the extra `demo`."""
