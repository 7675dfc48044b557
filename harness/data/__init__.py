"""Where rows come from: hub, data folder, embedded corpus."""
