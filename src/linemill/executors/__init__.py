"""What runs the work: inline in this process, or in worker processes. Submit a span, get a report."""
