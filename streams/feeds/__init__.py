"""Where events come from: exports of real services by mapping, and a simulated town."""
