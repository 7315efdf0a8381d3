"""The commands by subject. Heavy modules are imported inside them, so that ``--help`` and ``list`` are quick."""
